/** Where TensorFlow computes in tests: on a GPU if AUDIOTAG_TEST_DEVICE is `gpu`. */
export const testDevice: 'cpu' | 'gpu' = process.env['AUDIOTAG_TEST_DEVICE'] === 'gpu' ? 'gpu' : 'cpu'
