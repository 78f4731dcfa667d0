/** Epoch ms of a clock that is not set while the process runs: leases hang on it. */
export const steadyNow = (): number => Math.round(performance.timeOrigin + performance.now());
