/** Who gives way first when there is too much. */
export const Priority = { high: 0, normal: 1, low: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];
export type PriorityName = keyof typeof Priority;

/** The first gives way last. */
export const PRIORITY_NAMES = ['high', 'normal', 'low'] as const satisfies readonly PriorityName[];

/** The priority that a text names, in any case; undefined: none. */
export function parsePriority(text: string): Priority | undefined {
	const name = text.toLowerCase();
	return name === 'high' || name === 'normal' || name === 'low' ? Priority[name] : undefined;
}
