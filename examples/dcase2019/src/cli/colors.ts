import pc from 'picocolors'

/** Colours of stderr: on a terminal only, and not with NO_COLOR (picocolors alone would colour what CI pipes to a file). */
export const colors = pc.createColors(process.stderr.isTTY ? pc.isColorSupported : false)
