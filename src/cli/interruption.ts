/** Ctrl-C, SIGTERM and a terminal that is closed, as an abort signal, for commands that go on until then. */
export interface Interruption {
	readonly signal: AbortSignal;
	/** Listens no more. */
	end(): void;
}

export function interruption(): Interruption {
	const controller = new AbortController();
	const stop = () => controller.abort();
	process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop);
	return {
		signal: controller.signal,
		end: () =>
			void process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop).removeListener('SIGHUP', stop),
	};
}

/** Resolves after so many ms, or at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(end, ms);
		function end() {
			clearTimeout(timer);
			signal.removeEventListener('abort', end);
			resolve();
		}
		if (signal.aborted) end();
		else signal.addEventListener('abort', end, { once: true });
	});
}
