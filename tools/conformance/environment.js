import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js'
import { registerTestEnv } from '@tensorflow/tfjs-core/dist/jasmine_util'
import { backendName } from 'conformance:backend'

const jasmine = jasmineRequire.core(jasmineRequire)
export const environment = jasmine.getEnv({ suppressLoadErrors: true })
Object.assign(globalThis, jasmineRequire.interface(jasmine, environment))
jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000
registerTestEnv({ name: backendName, backendName, isDataSync: true })
