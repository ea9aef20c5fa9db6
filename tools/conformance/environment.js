import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js'
import { registerTestEnv } from '@tensorflow/tfjs-core/dist/jasmine_util'
import * as backend from 'conformance:backend'

const jasmine = jasmineRequire.core(jasmineRequire)
export const environment = jasmine.getEnv({ suppressLoadErrors: true })
Object.assign(globalThis, jasmineRequire.interface(jasmine, environment))
const { backendName, isDataSync = true } = backend
// A device without a cache compiles programs in each spec.
jasmine.DEFAULT_TIMEOUT_INTERVAL = isDataSync ? 20_000 : 120_000
registerTestEnv({ name: backendName, backendName, isDataSync })
