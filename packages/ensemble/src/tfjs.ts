export * from './predict-grouped.js'
