/** Programs that read sites and APIs by themselves, told by their user agent. What hides is not found. */

const KNOWN: readonly (readonly [name: string, pattern: RegExp])[] = [
	['Googlebot', /googlebot|google-inspectiontool|adsbot-google|mediapartners-google|googleother/i],
	['Bingbot', /bingbot|bingpreview|msnbot/i],
	['GPTBot', /gptbot|oai-searchbot|chatgpt-user/i],
	['ClaudeBot', /claudebot|claude-web|claude-user|anthropic-ai/i],
	['PerplexityBot', /perplexity/i],
	['Applebot', /applebot/i],
	['Amazonbot', /amazonbot/i],
	['Meta', /facebookexternalhit|meta-external|facebookbot/i],
	['Bytespider', /bytespider/i],
	['CCBot', /ccbot/i],
	['YandexBot', /yandex(?:bot|images|mobilebot)/i],
	['Baiduspider', /baiduspider/i],
	['DuckDuckBot', /duckduckbot|duckassistbot/i],
	['AhrefsBot', /ahrefs(?:bot|siteaudit)/i],
	['SemrushBot', /semrush/i],
	['MJ12bot', /mj12bot/i],
	['DotBot', /dotbot/i],
	['PetalBot', /petalbot/i],
	['Twitterbot', /twitterbot/i],
	['Slackbot', /slackbot|slack-imgproxy/i],
	['Discordbot', /discordbot/i],
	['LinkedInBot', /linkedinbot/i],
	['uptime checks', /uptimerobot|pingdom|statuscake|site24x7|uptime-kuma|better ?uptime|checkly/i],
	['scanners', /nuclei|nikto|sqlmap|masscan|zgrab|nmap|censys|shodan|expanse|leakix/i],
	['Prometheus', /^prometheus\//i],
	['kube-probe', /^kube-probe\//i],
	['other bots', /bot\b|crawl|spider|scrap(?:er|y)|slurp|archiver/i],
];
const LOOKED_AT = 512;
/** Most user agents name no bot: one look tells it. */
const ANY = new RegExp(KNOWN.map(([, { source }]) => source).join('|'), 'i');
/** User agents whose bot is remembered. */
const MOST_REMEMBERED = 5000;

/** The name of the bot that a user agent says it is; null: it does not say so. */
export function botOf(userAgent: string): string | null {
	const head = userAgent.slice(0, LOOKED_AT);
	if (!ANY.test(head)) return null;
	return KNOWN.find(([, pattern]) => pattern.test(head))?.[0] ?? null;
}

/** The same, for who asks again and again for the same ones. */
export class KnownBots {
	readonly #known = new Map<string, string | null>();

	of(userAgent: string): string | null {
		const known = this.#known.get(userAgent);
		if (known !== undefined) return known;
		if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
		const bot = botOf(userAgent);
		this.#known.set(userAgent, bot);
		return bot;
	}
}
