import { isIP } from 'node:net';

/** Below a top-level domain of a country: what registries keep for all (`example.co.uk`). */
const SECOND: ReadonlySet<string> = new Set(
	'ac ad adm art asn asso av biz blog cn co com edu ed eu gen go gob gouv gov gr gub id idf in ind inf info k12 law lg ltd me mil mod mus name ne net nhs nic nom or org plc police pp press pro res sch sci tm tv web'.split(
		' ',
	),
);

/** Names below which each customer of a platform has one of his own: that one is his domain. */
const PLATFORMS: readonly string[] = [
	...['amplifyapp.com', 'elasticbeanstalk.com', 'lambda-url.on.aws', 'cloudfront.net', 'awsapprunner.com'],
	...[
		'azurewebsites.net',
		'azurefd.net',
		'azure-api.net',
		'cloudapp.net',
		'azurestaticapps.net',
		'azurecontainerapps.io',
	],
	...['appspot.com', 'run.app', 'cloudfunctions.net', 'web.app', 'firebaseapp.com'],
	...['vercel.app', 'now.sh', 'netlify.app', 'pages.dev', 'workers.dev', 'herokuapp.com', 'fly.dev', 'onrender.com'],
	...['up.railway.app', 'deno.dev', 'github.io', 'github.dev', 'gitlab.io', 'repl.co', 'replit.dev', 'replit.app'],
	...[
		'glitch.me',
		'ngrok.io',
		'ngrok.app',
		'ngrok.dev',
		'ngrok-free.app',
		'ngrok-free.dev',
		'loca.lt',
		'trycloudflare.com',
	],
	...['ts.net', 'hookdeck.com', 'pipedream.net', 'webhook.office.com', 'myshopify.com', 'zendesk.com', 'koyeb.app'],
	...[
		'digitaloceanspaces.com',
		'ondigitalocean.app',
		'linodeobjects.com',
		'surge.sh',
		'bubbleapps.io',
		'codesandbox.io',
	],
];

/** Nobody can register a name there: each is a host of one's own. */
const OWN: ReadonlySet<string> = new Set(
	'arpa corp example home internal intranet invalid lan local localdomain localhost onion private svc test'.split(' '),
);

/** Region, service and customer stand there in many an order, and a name costs more than one elsewhere. */
const AMAZON = '.amazonaws.com';

/**
 * Among which hosts turns are shared, and calls counted: who has a domain makes up as many hosts in it as he likes, so
 * that all of a domain that somebody registered are one; an IPv6 network of 64 bits likewise. It is found without the
 * Public Suffix List: by how countries' registries name things and by well-known platforms. Where that is wrong hosts of
 * some share a turn that could each have one, or have each their own, as all have who are in none of these.
 */
export function turnOfHost(host: string): string {
	const name = host.toLowerCase().replace(/\.$/, '');
	const address = name.replace(/^\[|\]$/g, '');
	if (isIP(address) === 6) return networkOf(address);
	if (isIP(address) === 4) return address;
	const labels = name.split('.');
	const [second = '', top = ''] = labels.slice(-2);
	if (labels.length <= 2 || OWN.has(top) || name.endsWith(AMAZON)) return name;
	const platform = PLATFORMS.find((one) => name.endsWith(`.${one}`));
	if (platform !== undefined) return labels.slice(-platform.split('.').length - 1).join('.');
	return labels.slice(top.length === 2 && SECOND.has(second) ? -3 : -2).join('.');
}

/** Its first 64 bits. */
function networkOf(address: string): string {
	const [before = '', after] = (address.split('%')[0] as string).split('::');
	const groups = before === '' ? [] : before.split(':');
	const behind =
		after === undefined || after === ''
			? 0
			: after.split(':').reduce((sum, one) => sum + (one.includes('.') ? 2 : 1), 0);
	while (after !== undefined && groups.length + behind < 8) groups.push('0');
	const all = after === undefined || after === '' ? groups : [...groups, ...after.split(':')];
	return `${all.slice(0, 4).join(':')}::`;
}
