/** Where this process may make cgroups of its own. */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupForm, CgroupSizes } from './cgroup-sizes.ts';
import type { ProcessSizes } from './process-sizes.ts';

const OWN = 'ballast';

/** null: it may make none. */
export function findGroups(proc = '/proc/self'): ProcessSizes | null {
	const mounts = readOr(join(proc, 'mounts'));
	const cgroups = readOr(join(proc, 'cgroup'));
	return unified(mounts, cgroups) ?? legacy(mounts, cgroups);
}

function readOr(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}

/** Version 2: one tree, whose controllers are enabled for the groups below ours. */
function unified(mounts: string, cgroups: string): ProcessSizes | null {
	const mount = mounts.split('\n').find((line) => line.split(' ')[2] === 'cgroup2');
	const path = /^0::(.*)$/m.exec(cgroups)?.[1];
	if (mount === undefined || path === undefined) return null;
	const parent = join(unescaped(mount.split(' ')[1] as string), path);
	const there = readOr(join(parent, 'cgroup.controllers')).trim().split(/\s+/);
	const form = { cpu: there.includes('cpu'), memory: there.includes('memory') };
	if (!form.cpu && !form.memory) return null;
	const wanted = Object.entries(form).filter(([, has]) => has);
	const enabling = wanted.map(([name]) => `+${name}`).join(' ');
	if (!enable(parent, enabling)) return null;
	return made({ version: 2, cpu: form.cpu ? parent : null, memory: form.memory ? parent : null });
}

/** A group that has processes of its own can only pass controllers on once they are in a group below it. */
function enable(parent: string, enabling: string): boolean {
	const control = join(parent, 'cgroup.subtree_control');
	try {
		writeFileSync(control, enabling);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return false;
	}
	try {
		const leaf = join(parent, `${OWN}-core`);
		mkdirSync(leaf, { recursive: true });
		for (const pid of readOr(join(parent, 'cgroup.procs')).split('\n').filter(Boolean))
			writeFileSync(join(leaf, 'cgroup.procs'), pid);
		writeFileSync(control, enabling);
		return true;
	} catch {
		return false;
	}
}

/** Version 1: a tree for each controller. */
function legacy(mounts: string, cgroups: string): ProcessSizes | null {
	const placeOf = (controller: string): string | null => {
		const mount = mounts
			.split('\n')
			.map((line) => line.split(' '))
			.find(([, , type, options = '']) => type === 'cgroup' && options.split(',').includes(controller));
		const path = cgroups
			.split('\n')
			.map((line) => line.split(':'))
			.find(([, names = '']) => names.split(',').includes(controller))?.[2];
		if (mount === undefined || path === undefined) return null;
		const place = join(unescaped(mount[1] as string), path);
		try {
			accessSync(place, constants.W_OK);
			return place;
		} catch {
			return null;
		}
	};
	return made({ version: 1, cpu: placeOf('cpu'), memory: placeOf('memory') });
}

/** Tries it out, and clears away what an earlier run left. */
function made(form: CgroupForm): ProcessSizes | null {
	const places = [form.cpu, form.memory].filter((place) => place !== null);
	const usable = (place: string | null): string | null => {
		if (place === null) return null;
		try {
			mkdirSync(join(place, `${OWN}-try`), { recursive: true });
			rmdirSync(join(place, `${OWN}-try`));
			return place;
		} catch {
			return null;
		}
	};
	const found = { ...form, cpu: usable(form.cpu), memory: usable(form.memory) };
	if (found.cpu === null && found.memory === null) return null;
	for (const place of new Set(places)) clear(place);
	return new CgroupSizes(found, `${OWN}-${process.ppid}`);
}

/** Groups without a process can be removed; others stay. */
function clear(place: string): void {
	try {
		for (const name of readdirSync(place)) {
			if (!name.startsWith(`${OWN}-`) || name === `${OWN}-core`) continue;
			try {
				rmdirSync(join(place, name));
			} catch {
				// In use by another Ballast.
			}
		}
	} catch {
		// What cannot be listed cannot be cleared.
	}
}

/** Blanks in paths are written `\040` in /proc. */
const unescaped = (path: string): string =>
	path.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
