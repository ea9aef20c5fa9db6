import { describeUnusedMatrices } from './describe-unused-matrices.js'

await describeUnusedMatrices('a device that compiles no products of matrices', 'refused')
