import { BallastError } from '../core/errors.ts';
import { ControlPlane } from './control-plane.ts';
import { KeeperLink } from './keeper-link.ts';
import { configSource } from './source.ts';

/** Exit codes: 2 for a command line or configuration that is not valid, 1 for anything else. */
const exitCode = (error: unknown): number =>
	error instanceof BallastError &&
	(error.code === 'config_invalid' || error.code === 'config_unreadable' || error.code === 'bad_command')
		? 2
		: 1;

/** The core: everything but the sockets' and instances' keeping, which is the keeper's. */
async function main(): Promise<void> {
	forgetTuning();
	const keeper = await KeeperLink.connect();
	try {
		const plane = new ControlPlane(keeper, configSource(keeper.welcome.argv));
		const end = (work: Promise<void>): void => {
			void work.then(
				() => process.exit(0),
				(error: unknown) => fail(keeper, error),
			);
		};
		keeper.onStop(() => end(plane.stop()));
		keeper.onDrain(() => end(plane.drain()));
		keeper.onYield(() => plane.yield());
		keeper.onLease((snapshot) => plane.lead(snapshot));
		keeper.onReload(() => void plane.reload().catch(() => {}));
		keeper.onControl((command, args, line) => plane.command(command, args, line));
		keeper.onPeer((message, from) => plane.peers.receive(from, message));
		keeper.onPeerGone((generation) => plane.peers.gone(generation));
		await plane.start();
	} catch (error) {
		fail(keeper, error);
	}
}

/** What the keeper asked the C library for is not for the programs that are started from here. */
function forgetTuning(): void {
	if (process.env['BALLAST_TUNED'] === undefined) return;
	delete process.env['GLIBC_TUNABLES'];
	delete process.env['BALLAST_TUNED'];
}

function fail(keeper: KeeperLink, error: unknown): void {
	const message = error instanceof Error ? error.message : String(error);
	process.stderr.write(`ballast: ${message}\n`);
	keeper.failed(message);
	// The message to the keeper leaves with the next turn.
	setTimeout(() => process.exit(exitCode(error)), 20);
}

await main();
