/** Whether a backend computes on the threads it is given, so that time on the processor is its own; others have threads or a device of theirs. */
export const isInProcess = (backend: string): boolean => backend === 'wasm' || backend === 'cpu'
