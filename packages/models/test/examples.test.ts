import '@tensorflow/tfjs-backend-cpu'
import { checkExamples } from '@audiotag/testkit'

checkExamples(import.meta.url)
