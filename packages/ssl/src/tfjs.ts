export { consistencyLoss, type ConsistencyLossOptions } from './consistency-loss.js'
export { createMeanTeacher, type MeanTeacher, type MeanTeacherModel, type MeanTeacherOptions } from './create-mean-teacher.js'
export { guessLabels } from './guess-labels.js'
