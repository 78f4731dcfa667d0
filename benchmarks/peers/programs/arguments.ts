/** The two arguments of every program here: the port to listen on and the upstream ports. */
export const port = Number(process.argv[2]);
export const upstreams: readonly string[] = (process.argv[3] ?? '')
	.split(',')
	.map((each) => `http://127.0.0.1:${each}`);

let turn = 0;

/** The upstreams in turn. */
export function nextUpstream(): string {
	turn = (turn + 1) % upstreams.length;
	return upstreams[turn] as string;
}
