const words = (text: string): string[] => text.split(/\s+/).filter(Boolean)

/** Operations whose output has the shape of its inputs or of their attributes, whatever the numbers are. */
const BY_SHAPES = words(`
  Abs Acos Acosh Asin Asinh Atan Atan2 Atanh Cast Ceil Cos Cosh Elu EluGrad Erf Exp Expm1 Floor Identity IsFinite IsInf IsNan LeakyRelu Log Log1p LogSoftmax Neg OnesLike
  Prelu Reciprocal Relu Relu6 Relu6Grad ReluGrad Round Rsqrt Select SelectV2 Selu Sigmoid Sign Sin Sinh Snapshot Softmax Softplus Sqrt Square Squeeze Tan Tanh ZerosLike
  Add AddN AddV2 Div DivNoNan FloorDiv FloorMod Maximum Minimum Mul Pow RealDiv SquaredDifference Sub
  Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual
  AvgPool BatchMatMul BatchMatMulV2 BiasAdd BiasAddGrad Conv2D DepthwiseConv2dNative FusedBatchNormGradV3 FusedBatchNormV3 L2Loss MatMul MaxPool MaxPoolGrad Pack Unpack
  _FusedConv2D _MklNativeFusedBatchNormGradV3 _MklNativeFusedBatchNormV3 _MklNativeFusedConv2D _MklNativeMaxPool _MklNativeMaxPoolGrad`)

/** Operations whose int32 inputs are sizes or axes, on whose numbers the output's shape depends. */
const BY_NUMBERS = words(`
  All Any ArgMax ArgMin Cumprod Cumsum Max Mean Min Prod ReverseV2 Sum
  ConcatV2 ExpandDims Fill MirrorPad Pad PadV2 Reshape Slice Split SplitV StridedSlice Tile Transpose
  AvgPoolGrad Conv2DBackpropFilter Conv2DBackpropInput DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput`)

/** Operations without side effects whose output's shape is known before they run, once it was seen; whether it depends on the numbers of int32 inputs. */
export const DEFERRABLE: ReadonlyMap<string, { readonly byNumbers: boolean }> = new Map([
  ...BY_SHAPES.map((name): [string, { byNumbers: boolean }] => [name, { byNumbers: false }]),
  ...BY_NUMBERS.map((name): [string, { byNumbers: boolean }] => [name, { byNumbers: true }]),
])
