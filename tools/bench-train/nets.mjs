/**
 * The nets and batches that are measured: ResNet34 learns by Adam from log-mel, EnvNet-v2 by SGD-Nesterov from waveforms. `layers` is a small network of
 * tf.layers in `model.fit`: a program that knows nothing of these packages but its backend.
 */
export const NETS = [
  { net: 'resnet34', width: '1', input: [8, 128, 512] },
  { net: 'resnet34', width: '1/4', input: [8, 128, 256] },
  { net: 'resnet34', width: '1/8', input: [16, 128, 128] },
  { net: 'envnet2', width: '1', input: [4, 133_300] },
  { net: 'envnet2', width: '1/8', input: [4, 133_300] },
  { net: 'layers', width: '1', input: [32, 64, 64] },
]

/** `'1/8'` → 0.125 */
export function widthNumber(text) {
  const [numerator, denominator = '1'] = text.split('/')
  return Number(numerator) / Number(denominator)
}
