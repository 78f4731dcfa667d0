/** docs/commands.md describes every command as the program understands it. */
import type { Finding } from './source-tree.ts';

export interface DocumentedCommand {
	name: string;
	/** `ballast scale <service> <n> [options]`. */
	usage: string;
	options: readonly { name: string; value?: string; text: string }[];
}

/** Each command has a heading `## name` and below it its usage and a row for each of its options. */
export function checkCommandPage(path: string, text: string, commands: readonly DocumentedCommand[]): Finding[] {
	const findings: Finding[] = [];
	const sections = new Map<string, string>();
	for (const part of text.split(/^## /m).slice(1)) {
		const end = part.indexOf('\n');
		sections.set(part.slice(0, end).trim(), part.slice(end));
	}
	for (const { name, usage, options } of commands) {
		const section = sections.get(name);
		if (section === undefined) {
			findings.push({ path, text: `\`ballast ${name}\` has no heading \`## ${name}\`` });
			continue;
		}
		const find = (complaint: string) => findings.push({ path, text: `${name}: ${complaint}` });
		if (!section.includes(`\n${usage}\n`)) find(`the usage is \`${usage}\``);
		const described = [...section.matchAll(/^\| `--([a-z-]+)[^`]*` \| (.*) \|$/gm)];
		for (const { name: option, value, text: meaning } of options) {
			const row = `| \`--${option}${value === undefined ? '' : ` ${value}`}\` | ${meaning} |`;
			if (!section.includes(`${row}\n`)) find(`the option's row is ${row}`);
		}
		for (const [, option] of described) {
			if (!options.some((known) => known.name === option)) find(`there is no option --${option}`);
		}
	}
	return findings;
}
