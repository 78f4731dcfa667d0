const wordsPerMinute = 150;
const wordsPerCaption = 8;

/** How long it takes to speak a text, in seconds. */
export function spokenSeconds(script: string): number {
	return Math.round((wordsOf(script).length / wordsPerMinute) * 600) / 10;
}

/** The captions of a spoken text, as WebVTT. */
export function captionsOf(script: string): string {
	const words = wordsOf(script);
	const cues: string[] = ['WEBVTT'];
	for (let from = 0; from < words.length; from += wordsPerCaption) {
		const to = Math.min(words.length, from + wordsPerCaption);
		const text = words
			.slice(from, to)
			.join(' ')
			.replaceAll('&', '&amp;')
			.replaceAll('<', '&lt;')
			.replaceAll('>', '&gt;');
		cues.push(`${timestamp(from)} --> ${timestamp(to)}\n${text}`);
	}
	return `${cues.join('\n\n')}\n`;
}

function wordsOf(script: string): string[] {
	return script.split(/\s+/).filter((word) => word !== '');
}

/** When that many words have been spoken: `00:01:02.500`. */
function timestamp(words: number): string {
	return new Date(Math.round((words / wordsPerMinute) * 60_000)).toISOString().slice(11, 23);
}
