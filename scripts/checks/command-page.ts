/** docs/commands.md, written from the program's own description of its commands. */

export interface DescribedOption {
	name: string;
	value?: string;
	text: string;
}

export interface DescribedCommand {
	name: string;
	/** `ballast scale <service> <n> [options]`. */
	usage: string;
	/** A line, and more lines. */
	summary: string;
	about: readonly string[];
	examples: readonly (readonly [string, string])[];
	/** Its own, without those of every command. */
	options: readonly DescribedOption[];
}

const INTRODUCTION = `# Commands

<!-- Written by \`npm run docs\` from src/cli/commands.ts. Do not edit: a check compares. -->

\`ballast help\` lists them, \`ballast COMMAND --help\` says how one is used. In a clone, \`ballast\` is \`./bin/ballast.js\`.

Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 not running.

Commands that talk to a running Ballast (\`status\`, \`top\`, \`logs\`, \`events\`, \`metrics\`, \`alerts\`, \`review\`, \`profile\`, \`restart\`, \`reload\`, \`scale\`, \`drain\`, \`undrain\`, \`deploy\`, \`stop\`, \`upgrade\`, and \`diff\` and \`explain\` where one runs) find it by its [control socket](operations.md#the-control-socket). Those that show what happens stand with examples in [At the terminal](terminal.md).
`;

export function commandPage(commands: readonly DescribedCommand[], global: readonly DescribedOption[]): string {
	const all = `Every command takes these.\n\n${table(global)}\n`;
	return [INTRODUCTION, ...commands.map(section), `## Options of all commands\n\n${all}`].join('\n');
}

function section({ name, usage, summary, about, examples, options }: DescribedCommand): string {
	const first = `${summary[0]?.toUpperCase()}${summary.slice(1)}.`;
	return [
		`## ${name}\n`,
		`${cell([first, ...about].join(' '))}\n`,
		`\`\`\`\n${usage}\n\`\`\`\n`,
		...(options.length === 0 ? [] : [`${table(options)}\n`]),
		`${examples.map(([line, text]) => `- \`${line}\`: ${cell(text)}`).join('\n')}\n`,
	].join('\n');
}

function table(options: readonly DescribedOption[]): string {
	const rows = options.map(({ name, value, text }) => `| \`--${name}${value ? ` ${value}` : ''}\` | ${cell(text)} |`);
	return ['| option | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** Text of the terminal as Markdown: outside of code, `<` and `|` would be markup. */
function cell(text: string): string {
	return text
		.split(/(`[^`]*`)/)
		.map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
		.join('')
		.replaceAll('|', '\\|');
}
