import { JOIN } from './flat-tensor.js'

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean)

/** Operations whose output has the shape of its inputs or of their attributes, whatever the numbers are. */
const BY_SHAPES = words(`
  Abs Acos Acosh Asin Asinh Atan Atan2 Atanh Cast Ceil Cos Cosh Elu EluGrad Erf Exp Expm1 Floor Identity IsFinite IsInf IsNan LeakyRelu Log Log1p LogSoftmax Neg OnesLike
  Prelu Reciprocal Relu Relu6 Relu6Grad ReluGrad Round Rsqrt Select SelectV2 Selu Sigmoid Sign Sin Sinh Snapshot Softmax Softplus Sqrt Square Squeeze Tan Tanh ZerosLike
  Add AddN AddV2 Div DivNoNan FloorDiv FloorMod Maximum Minimum Mul Pow RealDiv SquaredDifference Sub
  Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual
  AvgPool BatchMatMul BatchMatMulV2 BiasAdd BiasAddGrad Conv2D DepthwiseConv2dNative FusedBatchNormGradV3 FusedBatchNormV3 L2Loss MatMul MaxPool MaxPoolGrad Pack Unpack
  _FusedConv2D _MklNativeFusedBatchNormGradV3 _MklNativeFusedBatchNormV3 _MklNativeFusedConv2D _MklNativeMaxPool _MklNativeMaxPoolGrad`)

/** Operations with inputs that are sizes or axes, on whose numbers the output's shape depends, by the places of those; -1 is the last. */
const BY_NUMBERS: readonly (readonly [readonly number[], string])[] = [
  [[0], 'AvgPoolGrad Conv2DBackpropInput DepthwiseConv2dNativeBackpropInput Fill Split'],
  [[1], 'All Any ArgMax ArgMin Cumprod Cumsum Max Mean Min Prod ReverseV2 Sum ExpandDims MirrorPad Pad PadV2 Reshape Tile Transpose'],
  [[1], 'Conv2DBackpropFilter DepthwiseConv2dNativeBackpropFilter'],
  [[1, 2], 'Slice SplitV'],
  [[1, 2, 3], 'StridedSlice'],
  [[-1], 'ConcatV2'],
]

/** Operations without side effects whose output's shape is known before they run, once it was seen; which of its inputs must be the same for that. */
export const DEFERRABLE: ReadonlyMap<string, readonly number[]> = new Map([
  ...[...BY_SHAPES, JOIN].map((name): [string, readonly number[]] => [name, []]),
  ...BY_NUMBERS.flatMap(([sizes, names]) => words(names).map((name): [string, readonly number[]] => [name, sizes])),
])
