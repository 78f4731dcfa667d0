// Replaces the running core by one started from the files as they are now. (The keeper itself stays
// what it was: a new launcher or keeper on disk takes effect with the next start of Ballast.)

/** Resolves with the new core. Errors: the old core goes on, and the message says why. */
export async function upgrade(cores, { times, say }) {
	if (cores.isStopping) throw new Error('Ballast is stopping');
	if (cores.candidate) throw new Error('an upgrade is under way already');
	const fresh = cores.spawn();
	cores.candidate = fresh;
	try {
		say(`starting core ${fresh.generation} (pid ${fresh.pid})`);
		await readyInTime(fresh, times.readyMs);
		cores.handingOver = true;
		await handOver(cores, fresh, say);
		return fresh;
	} catch (error) {
		if (!cores.isStopping) fresh.kill('its upgrade failed');
		throw error;
	} finally {
		cores.handingOver = false;
		cores.candidate = undefined;
		// The old core may have died meanwhile.
		if (!cores.leader) cores.respawn();
	}
}

async function readyInTime(core, mostMs) {
	const timer = setTimeout(() => core.kill(`it was not ready within ${mostMs / 1000} s`), mostMs);
	try {
		await core.ready;
	} catch (error) {
		throw new Error(`the new core did not start, the old one goes on: ${error.message}`);
	} finally {
		clearTimeout(timer);
	}
}

async function handOver(cores, fresh, say) {
	const old = cores.leader;
	if (old?.isReady) {
		const snapshot = await old.yieldLead();
		if (snapshot !== undefined) cores.snapshot = snapshot;
		else say('the old core did not hand its state over in time; its last known state is used');
	}
	if (cores.isStopping) throw new Error('Ballast is stopping');
	if (fresh.hasEnded || fresh.state === 'draining') {
		if (old && !old.hasEnded) cores.lead(old);
		throw new Error('the new core ended while it took over, the old one goes on');
	}
	cores.lead(fresh);
	say(`core ${fresh.generation} leads`);
	if (old && !old.hasEnded) {
		old.drain();
		say(`core ${old.generation} (pid ${old.pid}) drains`);
	}
}
