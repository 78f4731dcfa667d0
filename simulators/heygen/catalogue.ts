/** What can be used without making it first: avatars and their looks, voices, templates, languages. */
import { draw } from './chance.ts';

export interface Look {
	id: string;
	name: string;
	avatar_type: 'studio_avatar' | 'digital_twin' | 'photo_avatar';
	group_id: string;
	gender: 'female' | 'male';
	default_voice_id: string;
	tags: string[];
	supported_api_engines: string[];
	ownership: 'public' | 'private';
	status: 'completed' | 'processing';
}

export interface Voice {
	voice_id: string;
	name: string;
	language: string;
	gender: 'female' | 'male';
	preview_audio_url: null;
	support_pause: boolean;
	support_locale: boolean;
	type: 'public' | 'private';
}

export interface Template {
	template_id: string;
	name: string;
	aspect_ratio: '16:9' | '9:16';
	variables: { name: string; type: 'text' | 'image' }[];
}

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gia', 'Hugo', 'Iris', 'Jon', 'Kira', 'Leo'];
const LOOK_NAMES = ['Office', 'Studio', 'Outside', 'Home'];
const SPOKEN = ['English', 'Spanish', 'French', 'German', 'Japanese'];

export const LANGUAGES: readonly string[] = [
	...SPOKEN,
	'Chinese (Simplified)',
	'Dutch',
	'Hindi',
	'Italian',
	'Korean',
	'Polish',
	'Portuguese (Brazil)',
	'Russian',
	'Turkish',
	'Ukrainian',
];

const genderOf = (at: number): 'female' | 'male' => (at % 2 === 0 ? 'female' : 'male');

export const VOICES: readonly Voice[] = [
	...SPOKEN.flatMap((language) =>
		NAMES.slice(0, 6).map((name, at) => ({
			voice_id: `voice_${language.toLowerCase()}_${name.toLowerCase()}`,
			name,
			language,
			gender: genderOf(at),
			preview_audio_url: null,
			support_pause: true,
			support_locale: language === 'English',
			type: 'public' as const,
		})),
	),
	// One that its owner has not released for the API.
	{
		voice_id: 'voice_not_usable',
		name: 'Locked',
		language: 'English',
		gender: 'male',
		preview_audio_url: null,
		support_pause: false,
		support_locale: false,
		type: 'private',
	},
];

const AVATAR_TYPES = ['studio_avatar', 'digital_twin', 'photo_avatar'] as const;

export const LOOKS: readonly Look[] = [
	...NAMES.flatMap((name, at) =>
		LOOK_NAMES.map((look) => ({
			id: `avatar_${name.toLowerCase()}_${look.toLowerCase()}`,
			name: `${name}, ${look.toLowerCase()}`,
			avatar_type: AVATAR_TYPES[Math.floor(draw(name, look) * 3)] as Look['avatar_type'],
			group_id: `group_${name.toLowerCase()}`,
			gender: genderOf(at),
			default_voice_id: `voice_english_${(NAMES[at % 6] as string).toLowerCase()}`,
			tags: [look.toLowerCase()],
			supported_api_engines: ['avatar_iii', 'avatar_iv'],
			ownership: 'public' as const,
			status: 'completed' as const,
		})),
	),
	privateLook('avatar_in_training', 'In training', 'processing'),
	privateLook('avatar_of_others', 'Of another account', 'completed'),
];

function privateLook(id: string, name: string, status: Look['status']): Look {
	return {
		id,
		name,
		avatar_type: 'digital_twin',
		group_id: `group_${id}`,
		gender: 'female',
		default_voice_id: 'voice_english_ada',
		tags: [],
		supported_api_engines: ['avatar_iv'],
		ownership: 'private',
		status,
	};
}

export const TEMPLATES: readonly Template[] = [
	{
		template_id: 'template_greeting',
		name: 'Greeting',
		aspect_ratio: '16:9',
		variables: [
			{ name: 'name', type: 'text' },
			{ name: 'offer', type: 'text' },
		],
	},
	{
		template_id: 'template_product',
		name: 'Product',
		aspect_ratio: '9:16',
		variables: [
			{ name: 'script', type: 'text' },
			{ name: 'picture', type: 'image' },
		],
	},
];
