export { type ReadAudioFileOptions, readAudioFile } from './audio/read-audio-file.js'
