import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js'
import { registerTestEnv } from '@tensorflow/tfjs-core/dist/jasmine_util'
import * as backend from 'conformance:backend'

const jasmine = jasmineRequire.core(jasmineRequire)
export const environment = jasmine.getEnv({ suppressLoadErrors: true })
Object.assign(globalThis, jasmineRequire.interface(jasmine, environment))
jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000
const { backendName, isDataSync = true } = backend
registerTestEnv({ name: backendName, backendName, isDataSync })
