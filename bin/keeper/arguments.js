// What the launcher and the keeper read of the command line; all else is the core's.

/** The words before `--`: what follows is the command of an instance. */
function own(argv) {
	const end = argv.indexOf('--');
	return end < 0 ? argv : argv.slice(0, end);
}

/** Whether this process becomes a keeper: `up` and `run`, unless only their help is asked for. */
export function wantsKeeper(argv) {
	const words = own(argv);
	return (words[0] === 'up' || words[0] === 'run') && !words.includes('--help') && !words.includes('-h');
}

/** The last value of `--name value` or `--name=value`; undefined when it is not given. */
export function option(argv, name) {
	let found;
	const words = own(argv);
	for (const [index, word] of words.entries()) {
		if (word === `--${name}`) found = words[index + 1] ?? '';
		else if (word.startsWith(`--${name}=`)) found = word.slice(name.length + 3);
	}
	return found;
}
