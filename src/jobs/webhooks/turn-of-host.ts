import { isIP } from 'node:net';

/** Below a top-level domain of a country: what registries keep for all (`example.co.uk`). */
const SECOND: ReadonlySet<string> = new Set(
	'ac ad adm art asn asso av biz blog cn co com edu ed eu gen go gob gouv gov gr gub id idf in ind inf info k12 law lg ltd me mil mod mus name ne net nhs nic nom or org plc police pp press pro res sch sci tm tv web'.split(
		' ',
	),
);

const words = (text: string): readonly string[] => text.split(' ');

/** Names below which each customer of a platform has one of his own: that one is his domain. */
const PLATFORMS: readonly string[] = [
	...words('amplifyapp.com cloudfront.net azure-api.net cloudapp.net cloudfunctions.net web.app'),
	...words('firebaseapp.com vercel.app now.sh netlify.app pages.dev workers.dev herokuapp.com fly.dev onrender.com'),
	...words('up.railway.app deno.dev github.io gitlab.io repl.co replit.app glitch.me ngrok.io ngrok.app ngrok.dev'),
	...words('ngrok-free.app ngrok-free.dev loca.lt trycloudflare.com ts.net hookdeck.com webhook.office.com'),
	...words('myshopify.com zendesk.com koyeb.app ondigitalocean.app surge.sh bubbleapps.io codesandbox.io'),
];

/**
 * Clouds in whose names region, service and customer stand in many an order (`one.a.run.app`, `one.eu-west-1.on.aws`):
 * each is a host of its own, since a name costs more there than below a domain of one's own.
 */
const CLOUDS: readonly string[] = [
	...words('amazonaws.com on.aws elasticbeanstalk.com awsapprunner.com appspot.com run.app azurewebsites.net'),
	...words(
		'azurecontainerapps.io azurefd.net azurestaticapps.net cloudapp.azure.com app.github.dev replit.dev pipedream.net',
	),
	...words('digitaloceanspaces.com linodeobjects.com'),
];

/** Nobody can register a name there: each is a host of one's own. */
const OWN: ReadonlySet<string> = new Set(
	'arpa corp example home internal intranet invalid lan local localdomain localhost onion private svc test'.split(' '),
);

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
	if (labels.length <= 2 || OWN.has(top) || CLOUDS.some((one) => name.endsWith(`.${one}`))) return name;
	const platform = PLATFORMS.find((one) => name.endsWith(`.${one}`));
	if (platform !== undefined) return labels.slice(-platform.split('.').length - 1).join('.');
	return labels.slice(top.length === 2 && SECOND.has(second) ? -3 : -2).join('.');
}

/** Its first 64 bits; where these are 0 all of it, which may stand for an IPv4 address. */
function networkOf(address: string): string {
	const [before = '', after] = (address.split('%')[0] as string).split('::');
	const groups = before === '' ? [] : before.split(':');
	const behind =
		after === undefined || after === ''
			? 0
			: after.split(':').reduce((sum, one) => sum + (one.includes('.') ? 2 : 1), 0);
	while (after !== undefined && groups.length + behind < 8) groups.push('0');
	const all = after === undefined || after === '' ? groups : [...groups, ...after.split(':')];
	const network = all.slice(0, 4).join(':');
	return network === '0:0:0:0' ? address : `${network}::`;
}
