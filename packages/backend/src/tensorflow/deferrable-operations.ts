/** Operations whose output has the shape of its inputs or of their attributes, whatever the numbers are. */
const BY_SHAPES = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atan2', 'Atanh', 'Ceil', 'Cos', 'Cosh', 'Elu', 'EluGrad', 'Erf', 'Exp', 'Expm1', 'Floor'],
  ...['IsFinite', 'IsInf', 'IsNan', 'LeakyRelu', 'Log', 'Log1p', 'LogSoftmax', 'Neg', 'Reciprocal', 'Relu', 'Relu6', 'Relu6Grad', 'ReluGrad', 'Round'],
  ...['Rsqrt', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softmax', 'Softplus', 'Sqrt', 'Square', 'Tan', 'Tanh', 'Prelu', 'SelectV2', 'Select'],
  ...['Add', 'AddV2', 'AddN', 'Sub', 'Mul', 'Div', 'RealDiv', 'FloorDiv', 'FloorMod', 'Maximum', 'Minimum', 'Pow', 'SquaredDifference', 'DivNoNan'],
  ...['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'LogicalNot', 'Cast', 'ZerosLike', 'OnesLike'],
  ...['BiasAdd', 'BiasAddGrad', 'MatMul', 'BatchMatMul', 'BatchMatMulV2', 'Conv2D', 'DepthwiseConv2dNative', '_FusedConv2D', '_MklNativeFusedConv2D'],
  ...['FusedBatchNormV3', 'FusedBatchNormGradV3', '_MklNativeFusedBatchNormV3', '_MklNativeFusedBatchNormGradV3', '_MklNativeMaxPool'],
  ...['_MklNativeMaxPoolGrad', 'MaxPool', 'MaxPoolGrad', 'AvgPool', 'Pack', 'Unpack', 'L2Loss', 'Identity', 'Snapshot', 'Squeeze'],
]

/** Operations whose int32 inputs are sizes or axes, on whose numbers the output's shape depends. */
const BY_NUMBERS = [
  ...['All', 'Any', 'ArgMax', 'ArgMin', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'Cumsum', 'Cumprod', 'ReverseV2'],
  ...['ConcatV2', 'ExpandDims', 'Fill', 'MirrorPad', 'Pad', 'PadV2', 'Reshape', 'Slice', 'Split', 'SplitV', 'StridedSlice', 'Tile', 'Transpose'],
  ...['AvgPoolGrad', 'Conv2DBackpropFilter', 'Conv2DBackpropInput', 'DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
]

/** Operations without side effects whose output's shape is known before they run, once it was seen; whether it depends on the numbers of int32 inputs. */
export const DEFERRABLE: ReadonlyMap<string, { readonly byNumbers: boolean }> = new Map(
  [
    { names: BY_SHAPES, byNumbers: false },
    { names: BY_NUMBERS, byNumbers: true },
  ].flatMap(({ names, byNumbers }) => names.map((name): [string, { byNumbers: boolean }] => [name, { byNumbers }])),
)
