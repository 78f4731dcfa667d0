/** `npm run heygen-simulator`. */
import { DEFAULT_KEY } from './accounts.ts';
import { readCommandLine, UsageError, usageText } from './command-line.ts';
import { startSimulator } from './start-simulator.ts';

try {
	const options = readCommandLine(process.argv.slice(2), process.env);
	if (options === undefined) process.stdout.write(usageText());
	else {
		const simulator = await startSimulator(options);
		const keys = options.accounts === undefined ? `, key ${DEFAULT_KEY}` : '';
		console.log(`HeyGen simulator at ${simulator.url}, ${options.timeScale} times as fast as time${keys}`);
		for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());
		// Started with a channel, it ends with whoever holds the other end.
		process.once('disconnect', () => void simulator.close());
	}
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = error instanceof UsageError ? 2 : 1;
}
