"""The table that says what kind of sound a non-verbal mark stands for.

Words are matched whole and in lower case, in the order of `KINDS`: the first kind with a word in the label
wins, so ``crowd screaming`` is ambient and ``phone rings`` too, while ``laughs sarcastically`` is vocal.
English is covered in breadth; for other languages the commonest words are here.
"""

from __future__ import annotations

MUSIC = (
    "music musical song sings singing sung soundtrack theme melody tune orchestra symphony symphonic "
    "piano guitar violin drums drumming drumroll fanfare jingle lullaby choir chorus waltz jazz opera "
    "instrumental lyrics musik lied singt musique chanson chante música canción canta cantando musica "
    "canzone muzyka muziek musikk musiikki müzik zene hudba muzică музыка песня поет поёт музика "
    "موسيقى أغنية संगीत गाना 音乐 音樂 音楽 歌 음악 노래 μουσική"
)

AMBIENT = (
    "door doors slam slams slamming knock knocks knocking doorbell phone telephone telephones ring "
    "rings ringing buzz buzzes buzzing beep beeps beeping bell bells alarm alarms siren sirens horn "
    "horns honk honks honking engine engines motor tires tyres brakes car cars truck train traffic "
    "vehicle helicopter plane airplane gun guns gunshot gunshots gunfire shot shots shooting "
    "explosion explosions explodes bang bangs banging boom crash crashes crashing thud thuds thump "
    "thumps clatter clatters clattering clang clangs shatter shatters shattering glass creak creaks "
    "creaking squeak squeaks squeaking rustle rustles rustling click clicks clicking beat-box wind "
    "winds howling thunder rain raining storm waves water splash splashes splashing fire crackling "
    "footsteps steps crowd applause applauds clapping cheers cheering audience chatter chattering "
    "chattery indistinct static hum whir whirs whirring whoosh whooshes rumble rumbles rumbling drone "
    "roar roars roaring dog dogs bark barks barking cat meows bird birds chirp chirps chirping crows "
    "horse neighs whinnies insects crickets wolf sound sounds noise noises noisily machine machinery "
    "wires radio tv television keyboard typing camera flash clock ticking whistle-blows hiss hisses "
    "hissing rattle rattles rattling clink clinks clinking tür telefon klingelt porte téléphone sonne "
    "puerta teléfono suena porta telefono squilla aplausos applausi applaudissements applaus дверь "
    "телефон звонок аплодисменты выстрел 门 電話 电话 掌声 拍手 전화 박수"
)

VOCAL = (
    "laugh laughs laughing laughed laughter chuckle chuckles chuckling giggle giggles giggling "
    "snicker snickers snickering cackle cackles cackling guffaws sigh sighs sighing gasp gasps "
    "gasping sob sobs sobbing cry cries crying weep weeps weeping whimper whimpers whimpering whine "
    "whines whining cough coughs coughing sneeze sneezes sneezing sniff sniffs sniffle sniffles "
    "sniffling snore snores snoring snort snorts snorting groan groans groaning moan moans moaning "
    "grunt grunts grunting growl growls growling pant pants panting breath breathes breathing breathe "
    "inhale inhales inhaling exhale exhales exhaling yawn yawns yawning hiccup hiccups burp burps "
    "belches scream screams screaming shriek shrieks shrieking yell yells yelling shout shouts "
    "shouting wail wails wailing squeal squeals squealing yelp yelps gulp gulps swallows clears "
    "throat scoff scoffs tuts tsk retching vomits vomiting gagging choking humming hums whistles "
    "whistling kiss kisses smooches wheezes wheezing stammering-sob ululating screech lacht lachen "
    "seufzt schreit schreien weint hustet stöhnt rit rires rire soupire crie crient pleure tousse ríe "
    "ríen risa risas suspira grita gritan gritos llora tose jadea ride ridono risate sospira urla "
    "urlano grida piange tossisce riso risos chora suspiro смеется смеётся смех вздыхает кричит крик "
    "плачет кашляет يضحك يبكي يصرخ يصرخان يتنهد हँसते हंसते चिल्ला चिल्लाते रोते "
    "笑 笑声 叹气 哭 笑い声 ため息 웃음 한숨"
)

SPEECH_EVENT = (
    "pause pauses pausing silence stutter stutters stuttering stammer stammers stammering whisper "
    "whispers whispering whispered mumble mumbles mumbling mutter mutters muttering murmur murmurs "
    "murmuring mouths inaudible unintelligible muffled slurred gibberish babbling echoing distorted "
    "bleep bleeped beat speaking speaks speak talking narrating continues chanting praying reading "
    "overlapping interrupts voice french english german spanish italian russian chinese mandarin "
    "cantonese japanese korean arabic hindi latin greek hebrew turkish polish portuguese swedish "
    "dutch foreign o.s v.o off-screen offscreen voiceover flüstert chuchote murmure susurra sussurra "
    "шепчет шепотом пауза يهمس 沉默 低声 小声"
)

TONE = (
    "sarcastic ironic angry sad happy excited nervous calm mocking mockingly whiny gentle gently "
    "stern cheerful deadpan monotone high-pitched sing-song serious playful tense imitating mimicking "
    "accent tone sarcastically ironically angrily softly quietly loudly sadly happily nervously coldly "
    "warmly dryly calmly sternly cheerfully seriously playfully tearfully excitedly hesitantly sleepily "
    "drunkenly"
)

VISUAL = "onscreen on-screen subtitle caption title sign reads nods shrugs smiles points winks waves-hand"

#: Kinds in the order they are tried, each with its words.
KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("music", frozenset(MUSIC.split())),
    ("ambient", frozenset(AMBIENT.split())),
    ("vocal", frozenset(VOCAL.split())),
    ("speech_event", frozenset(SPEECH_EVENT.split())),
    ("tone", frozenset(TONE.split())),
    ("visual", frozenset(VISUAL.split())),
)

#: Labels whose kind is not that of their words.
WHOLE: dict[str, str] = {
    "off": "speech_event",
    "on phone": "speech_event",
    "over phone": "speech_event",
    "over radio": "speech_event",
    "on radio": "speech_event",
    "on tv": "speech_event",
    "over tv": "speech_event",
    "man on tv": "speech_event",
    "baby crying": "vocal",
    "heavy breathing": "vocal",
    "shot of": "visual",
    "crowd laughs": "vocal",
    "audience laughs": "vocal",
    "audience laughing": "vocal",
}
