/** Which process of an instance is the one that serves: its command may be a shell, npm or a launcher. */
import { BallastError } from '../core/errors.ts';
import { cpuMsOf, executableOf, kindOf, listeningSockets, processTree } from './node-process.ts';

/** How long the candidates are compared. */
const COMPARE_MS = 300;

/** The Node.js process among `pid` and its children that listens on the instance's port; of several, the busiest. @throws BallastError `command_failed` */
export async function pickProcess(pid: number, port: number): Promise<number> {
	if (process.platform !== 'linux')
		throw failed('processes can be profiled on Linux only: which of them is Node.js, /proc tells');
	const tree = processTree(pid);
	const nodes = tree.filter((each) => kindOf(each) === 'node');
	const [only, other] = nodes;
	if (only === undefined) {
		// Says why, in the words for one process.
		if (tree.length === 1 || kindOf(pid) !== 'other') return pid;
		const names = [...new Set(tree.map(programOf))].slice(0, 5).join(', ');
		throw failed(`none of its processes is Node.js (${names}); only Node.js instances can be profiled`);
	}
	if (other === undefined) return only;
	const listening = nodes.filter((each) => listeningSockets(each).some((socket) => socket.port === port));
	return await busiest(listening.length > 0 ? listening : nodes);
}

async function busiest(pids: readonly number[]): Promise<number> {
	if (pids.length === 1) return pids[0] as number;
	const before = pids.map(cpuMsOf);
	await new Promise((resolve) => setTimeout(resolve, COMPARE_MS));
	const used = pids.map((pid, at) => cpuMsOf(pid) - (before[at] as number));
	// Where nothing runs, the youngest: launchers come before what they start.
	return pids[used.lastIndexOf(Math.max(...used))] as number;
}

function programOf(pid: number): string {
	try {
		return executableOf(pid);
	} catch {
		return 'one that is gone';
	}
}

const failed = (message: string) => new BallastError('command_failed', message);
