// What the keeper does for its cores.

import { PROTOCOL_VERSION } from './core-process.js';
import { BindError } from './listeners.js';
import { StartError } from './start-error.js';

/** Handles each message of a core: `keeper` has cores, listeners, instances, control, printed and about. */
export function hear(keeper, core, message) {
	const act = ACTIONS[message.type];
	if (act) act(keeper, core, message);
}

const ACTIONS = {
	hello: welcome,
	request: (keeper, core, message) => void answer(keeper, core, message),
	watch: (keeper) => keeper.printed.flush(),
	ready: (keeper) => keeper.tidy(),
	give_up: (keeper, core) => {
		if (core === keeper.cores.leader) keeper.giveUp();
	},
	signal: (keeper, core, { id, signal }) => {
		if (core === keeper.cores.leader && (signal === 'SIGTERM' || signal === 'SIGKILL'))
			keeper.instances.signal(id, signal);
	},
	control_line: (keeper, core, { n, line }) => keeper.control.line(core, n, line),
	control_done: (keeper, core, message) => keeper.control.done(core, message),
	peer: (keeper, core, { message }) => {
		for (const peer of keeper.cores.peersOf(core)) peer.send({ type: 'peer', from: core.generation, message });
	},
};

function welcome(keeper, core, { protocol }) {
	const { cores } = keeper;
	if (protocol !== PROTOCOL_VERSION) {
		const versions = `the running keeper speaks version ${PROTOCOL_VERSION}, the core ${protocol}`;
		core.failure = `Ballast must be stopped and started once for this version (${versions})`;
		core.send({ type: 'refused', reason: core.failure });
		return;
	}
	core.send({
		type: 'welcome',
		protocol: PROTOCOL_VERSION,
		active: core === cores.leader,
		...keeper.about,
		generation: core.generation,
		peers: cores.peersOf(core).map((peer) => peer.generation),
		instances: keeper.instances.list(),
		sockets: keeper.listeners.list(),
		snapshot: cores.snapshot,
		died: core === cores.leader ? cores.takeDied() : null,
	});
}

async function answer(keeper, core, { n, name, args }) {
	try {
		const { value, handle } = await carryOut(keeper, core, { name, args });
		core.send({ type: 'answer', n, ok: true, value }, { handle });
	} catch (error) {
		const known = error instanceof BindError || error instanceof StartError;
		const code =
			error instanceof BindError ? error.code : error instanceof StartError ? 'start_failed' : 'command_failed';
		const message = known ? error.message : `the keeper could not ${name}: ${error.code ?? error.message}`;
		core.send({ type: 'answer', n, ok: false, code, message, ...(error.lasting ? { lasting: true } : {}) });
	}
}

async function carryOut({ listeners, instances, cores }, core, { name, args }) {
	if (name === 'bind') return { value: await listeners.bind(core, args) };
	if (name === 'unbind') return { value: listeners.unbind(core, args) };
	if (name === 'socket') return { value: null, handle: listeners.socket(core, args) };
	if (name !== 'spawn') throw new Error(`there is no such request: ${name}`);
	if (core !== cores.leader) throw new StartError('this core does not lead');
	return { value: await instances.spawn(args.spec) };
}
