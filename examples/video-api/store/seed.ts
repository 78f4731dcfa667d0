import type { DatabaseSync } from 'node:sqlite';
import { hash32, pick, randomFrom } from './random.ts';

const seedValue = 20_240_501;
const avatarCount = 200;

const names = {
	female: [
		'Abigail',
		'Aiko',
		'Amara',
		'Beatriz',
		'Carmen',
		'Chloe',
		'Daria',
		'Elif',
		'Freya',
		'Giulia',
		'Ingrid',
		'Leila',
	],
	male: ['Adam', 'Bruno', 'Carlos', 'Daniel', 'Emeka', 'Felix', 'Hiro', 'Ivan', 'Jonas', 'Kofi', 'Liam', 'Mateo'],
} as const;
const genders = ['female', 'male'] as const;
const styles = ['business', 'casual', 'news', 'studio', 'teacher'] as const;
const languages = ['de', 'en', 'es', 'fr', 'it', 'ja', 'ko', 'pl', 'pt', 'tr'] as const;

/** Fills empty tables with avatars and voices: the same ones on every first start. */
export function seed(db: DatabaseSync): void {
	seedVoices(db);
	seedAvatars(db);
}

function seedVoices(db: DatabaseSync): void {
	const insert = db.prepare('INSERT INTO voices VALUES (?, ?, ?, ?, ?)');
	for (const language of languages) {
		for (const gender of genders) {
			for (const name of names[gender].slice(0, 4)) {
				const id = voiceId(language, name);
				insert.run(id, name, gender, language, `https://media.video.example/voices/${id}.mp3`);
			}
		}
	}
}

function seedAvatars(db: DatabaseSync): void {
	const random = randomFrom(seedValue);
	const insert = db.prepare('INSERT INTO avatars VALUES (?, ?, ?, ?, ?, ?, ?)');
	for (let number = 1; number <= avatarCount; number++) {
		const gender = pick(random, genders);
		const name = pick(random, names[gender]);
		const style = pick(random, styles);
		const id = `av_${String(number).padStart(4, '0')}_${name.toLowerCase()}`;
		const premium = random() < 0.2 ? 1 : 0;
		const voice = voiceId(pick(random, languages), names[gender][Math.floor(random() * 4)] ?? names[gender][0]);
		const image = `https://media.video.example/avatars/${id}.webp`;
		insert.run(id, `${name} (${style})`, gender, style, premium, image, voice);
	}
}

function voiceId(language: string, name: string): string {
	return `vo_${language}_${name.toLowerCase()}_${hash32(`${language}/${name}`).toString(36).slice(0, 4)}`;
}
