"""Words for colours, in the languages that panels speak; compared without case and accents."""

NAMES = {
    "black": "black schwarz noir noire negro negra nero nera preto preta zwart zwarte czarny czarna "
    "czarne cerna cerny cierna cierny crna svart sort musta fekete siyah negru negre juoda "
    "μαυρο черный черная чорний crni crno черен черна црна црни juodas juodos juodi melns "
    "черного черным черном черное черные melna đen שחור שחורה أسود الأسود",
    "cyan": "cyan zyan cian ciano cyaan cyjan cyjanowy cyjanowa azurova azurovy syaani syan turkiz "
    "голубой голубая циан cijan cijanova blekitny blekitna błękitny camgöbeği ciánkék żydras "
    "голубого голубым циановый "
    "žydra žydras tsüaan ciāna ciāns κυανό κυανού блакитний блакитна ציאן سماوي السماوي سيان",
    "magenta": "magenta purpurova purpurovy purpur пурпурный пурпурная мадента маджента purpurowy "
    "purpurowa macenta bíbor škrlatni škrlatna purpurový пурпуровий магента purpurinis "
    "пурпурного пурпурным purpurinė purpura fuksīna ματζέντα φούξια מגנטה أرجواني الأرجواني ماجنتا",
    "yellow": "yellow gelb jaune amarillo amarilla giallo gialla amarelo amarela geel gele zolty zolta "
    "zolte zluta zluty zlta keltainen gul sarga sari galben groc zuta rumena geltona жовтий "
    "κιτρινο желтый желтая žuti žuto rumeni žltý žltá żółte жълт жълта жута kollane dzeltens "
    "желтого желтым желтые dzeltena geltonas vàng צהוב צהובה أصفر الأصفر κίτρινη",
    "grey": "grey gray grau gris grigio cinza cinzento grijs szary szara seda sedy harmaa серый",
    "red": "red rouge rojo roja rosso vermelho rood czerwony czerwona cervena rod punainen красный",
    "green": "green grun vert verde groen zielony zelena gron vihrea зеленый",
    "blue": "blue blau bleu azul blu blauw niebieski modra bla sininen синий",
    "orange": "orange naranja arancione arancio laranja oranje pomaranczowy oranzova",
    "violet": "violet violett violeta viola paars fioletowy fialova",
    "white": "white weiss blanc blanco bianco branco biala bialy bila vit hvid valkoinen белый",
    "pink": "pink rosa",
    "gold": "gold golden dorado",
    "silver": "silver silber argento plateado",
    "clear": "clear klar transparent optimizer gloss",
}
"""Colour -> words that stand alone."""

GLYPHS = {
    "black": "ブラック 黒 くろ 黑 블랙 검정 검은 สีดำ",
    "cyan": "シアン 青色 青 시안 청록 สีฟ้า",
    "magenta": "マゼンタ マジェンタ 品红 品紅 洋红 洋紅 마젠타 자홍 สีม่วงแดง สีบานเย็น",
    "yellow": "イエロー イエロ 黄 黃 옐로 노랑 노란 สีเหลือง",
    "grey": "グレー グレイ 灰 회색",
    "white": "ホワイト 白 흰색",
    "clear": "クリア 透明",
}
"""Colour -> signs that may stand within others, where no blanks part words."""

KINDS = {
    "light": "light lite hell helles claire clair claro clara chiaro chiara licht jasny jasna svetla lys",
    "photo": "photo foto fotografico fotografica",
    "vivid": "vivid",
    "matte": "matte matt mat mate opaco opaca mattschwarz",
}
"""What kind of the colour -> words."""

GLYPH_KINDS = {
    "light": "ライト 淡",
    "photo": "フォト 照片",
    "matte": "マット 哑光",
}
