import { describeUnusedMatrices } from './describe-unused-matrices.js'

await describeUnusedMatrices('a device that multiplies matrices wrongly', 'wrong')
