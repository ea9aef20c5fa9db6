// TensorFlow.js as the packages load it: the repository's root does not depend on it.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const { resolve } = createRequire(new URL('../../packages/backend/package.json', import.meta.url))
const loaded = await import(pathToFileURL(resolve('@tensorflow/tfjs-core')).href)

/** The module of `@tensorflow/tfjs-core` with the engine that the packages use. */
export const tf = loaded.default ?? loaded
