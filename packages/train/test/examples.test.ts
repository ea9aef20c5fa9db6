import { checkExamples } from '@audiotag/testkit'

checkExamples(import.meta.url)
