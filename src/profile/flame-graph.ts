/** A CPU profile as a flame graph: one HTML file that needs nothing else, and loads nothing. */
import { createHash } from 'node:crypto';
import { inert } from '../core/inert.ts';
import { busyUs, type Frame } from './cpu-profile.ts';

/** Narrower frames are left out: nobody could see them. */
const LEAST_SHARE = 0.0005;
const MOST_FRAMES = 20_000;
const ROW = 18;
const LONGEST_NAME = 200;

interface Box {
	frame: Frame;
	/** 0…1 of the width. */
	left: number;
	width: number;
	depth: number;
}

const STYLE = `
:root { color-scheme: light dark; font: 13px system-ui, sans-serif; }
body { margin: 16px; }
h1 { font-size: 16px; margin: 0 0 4px; }
p { margin: 0 0 12px; opacity: .75; }
svg { display: block; width: 100%; }
svg text { font: 11px ui-monospace, monospace; pointer-events: none; fill: #1c1c1c; }
g { cursor: pointer; } g:hover rect, g:focus rect { stroke: currentColor; } g:focus { outline: none; }
#what { min-height: 1.4em; font-family: ui-monospace, monospace; overflow-wrap: anywhere; opacity: 1; }`;

// Boxes carry their place as data; a click makes one of them as wide as the window.
const SCRIPT = `
const svg = document.querySelector('svg'), what = document.getElementById('what');
const boxes = [...svg.querySelectorAll('g')].map((g) => ({ g, l: +g.dataset.l, w: +g.dataset.w, d: +g.dataset.d }));
function show(at) {
	const wide = svg.clientWidth;
	for (const { g, l, w, d } of boxes) {
		const above = d <= at.d && l <= at.l + 1e-9 && l + w >= at.l + at.w - 1e-9;
		const x = above ? 0 : (l - at.l) / at.w * wide, width = above ? wide : w / at.w * wide;
		const hidden = !above && (d < at.d || x < -0.01 || x + width > wide + 0.01 || width < 0.3);
		g.style.display = hidden ? 'none' : '';
		if (hidden) continue;
		const [rect, text] = [g.querySelector('rect'), g.querySelector('text')];
		rect.setAttribute('x', x); rect.setAttribute('width', Math.max(0.3, width - 0.5));
		const room = Math.floor((width - 6) / 6.7), name = g.dataset.n;
		text.setAttribute('x', x + 3);
		text.textContent = room < 3 ? '' : name.length > room ? name.slice(0, room - 1) + '…' : name;
	}
}
let now = boxes[0];
for (const box of boxes) {
	const tell = () => { what.textContent = box.g.querySelector('title').textContent; };
	const zoom = () => show(now = box);
	box.g.addEventListener('mouseenter', tell); box.g.addEventListener('focus', tell);
	box.g.addEventListener('click', zoom);
	box.g.addEventListener('keydown', (event) => { if (event.key === 'Enter') zoom(); });
}
addEventListener('keydown', (event) => { if (event.key === 'Escape') show(now = boxes[0]); });
addEventListener('resize', () => show(now));
show(now);`;

/** `title` and every name in it may come from anywhere: they are written as text. */
export function flameGraph(root: Frame, title: string): string {
	const busy = busyUs(root);
	const boxes = layOut(root, busy);
	const height = (Math.max(0, ...boxes.map(({ depth }) => depth)) + 1) * ROW;
	const hash = createHash('sha256').update(SCRIPT).digest('base64');
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${seconds(busy)} of CPU in ${seconds(root.totalUs)}. The wider, the more time; what stands below was called by what stands above. Click: closer; Escape: all of it.</p>
<svg height="${height}" role="img" aria-label="${escaped(title)}">
${boxes.map((box) => boxText(box, busy)).join('\n')}
</svg>
<p id="what"></p>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** Widths are shares of the time in which something ran. */
function layOut(root: Frame, busy: number): Box[] {
	const boxes: Box[] = [];
	const pending: Box[] = [{ frame: root, left: 0, width: 1, depth: 0 }];
	for (let box = pending.shift(); box !== undefined && boxes.length < MOST_FRAMES; box = pending.shift()) {
		boxes.push(box);
		let { left } = box;
		for (const frame of box.frame.children) {
			if (box.depth === 0 && frame.name === '(idle)') continue;
			const width = busy > 0 ? frame.totalUs / busy : 0;
			if (width >= LEAST_SHARE) pending.push({ frame, left, width, depth: box.depth + 1 });
			left += width;
		}
	}
	return boxes;
}

function boxText({ frame, left, width, depth }: Box, busy: number): string {
	const name = inert(frame.name.slice(0, LONGEST_NAME));
	const where = frame.place === '' ? '' : ` (${inert(frame.place.slice(-LONGEST_NAME))})`;
	const times = depth === 0 ? seconds(busy) : `${seconds(frame.totalUs)}, itself ${seconds(frame.selfUs)}`;
	const share = `${(width * 100).toFixed(1)} %`;
	const y = depth * ROW;
	return `<g tabindex="0" data-l="${left.toFixed(6)}" data-w="${width.toFixed(6)}" data-d="${depth}" data-n="${escaped(name)}"><title>${escaped(`${name}${where}: ${share}, ${times}`)}</title><rect x="${(left * 100).toFixed(3)}%" y="${y}" width="${(width * 100).toFixed(3)}%" height="${ROW - 1}" rx="2" fill="${colour(frame)}"/><text y="${y + 13}"></text></g>`;
}

/** The same for the same file; warm for the application's, grey for V8's own, blue for Node.js's. */
function colour({ name, place }: Frame): string {
	if (place === '') return name.startsWith('(') ? '#c9c9c9' : '#b9c4d6';
	const spread = createHash('sha256').update(place).digest()[0] as number;
	if (place.startsWith('node:')) return `hsl(${195 + (spread % 40)} 55% 76%)`;
	return `hsl(${(spread % 50) + (place.includes('node_modules') ? 80 : 8)} 85% 68%)`;
}

const seconds = (us: number): string => (us < 999_500 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`);

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
	return inert(text).replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}
