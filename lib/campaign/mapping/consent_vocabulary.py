"""Vocabulary of consent in English, Spanish and Portuguese, for headers and cells.

Functions take plain texts, as `plain` returns them: lowercase without accents and punctuation,
words separated by single spaces.
"""

import functools
import re
import unicodedata
from enum import IntEnum, StrEnum
from typing import Final


class Channel(StrEnum):
    """What a consent column is about."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    GENERAL = "general"
    EMAIL = "email"


class Answer(IntEnum):
    """The answer in a cell. Of two columns about one channel, the higher value applies.

    ``NOT_REFUSED`` is a no in a column of refusals, which does not say that the person agreed.
    """

    NOT_REFUSED = 0
    BLANK = 1
    YES = 2
    UNCLEAR = 3
    NO = 4


class Header(StrEnum):
    """How clearly a header asks for consent. Unless it is ``STRONG``, the cells must be answers."""

    STRONG = "strong"
    PHRASE = "phrase"
    WEAK = "weak"


_ABOUT: Final = (
    r"(?:marketing|mkt|sms|texts?|whats ?app|wa|wpp|promo\w*|offers?|ofertas?|news|newsletters?|"
    r"messages?|mensaj\w*|mensag\w*|messaging|contact\w*|comunica\w*|communications?|publicidad\w*|"
    r"publicidade|propaganda|novedades|novidades|notici\w*|informacion|informacoes|updates?|"
    r"e ?mails?|emails?|correos?|calls?|llamad\w*|ligac\w*|boletin\w*|campa\w*|"
    r"notifica\w*|recibir|receber|receive|envio\w*|difusion|to be contacted)"
)
# Headers under which a yes, a mark or a date is a refusal.
_REFUSAL: Final = re.compile(
    r"un ?subscri\w*|\bunsub\b|opt(?:ed|ing|s)? ?outs?\b|\bdeclined\b|\brefused\b"
    r"|^stop(?: received)?$"
    r"|^(?:de |cliente de |pidio )baja\b|\bpedi[ou]u? para sair\b"
    r"|\b(?:remover|excluir|quitar|sacar|sair) da? (?:la )?lista\b|\bquitar de la lista\b"
    r"|\bnot interested\b|\b(?:no|nao) interesad[oa]s?\b|\b(?:no|nao) interessad[oa]s?\b"
    r"|^(?:recusou|rechazo)$|consent\w* (?:retirad\w*|cancelad\w*|negad\w*|denegad\w*|denied)"
    r"|\b(?:cliente|whats ?app|contacto|contato|numero) bloquead[oa]s?\b|^bloquear$"
    r"|\bdo ?not ?(?:contact|call"
    r"|disturb|e ?mail|text"
    r"|message|send|market|whats ?app|sms|track|sell)\w*|\bdon ?t (?:contact|call|text|send"
    r"|message)\b"
    r"|\bdn[cd]\b|block ?list\w*|black ?list\w*|suppress\w*|\bstop (?:list|promo\w*|marketing"
    r"|messages)"
    r"|\bde?su[bs]{1,2}?s?cri\w*|\bdesinscri\w*|\bdescadastr\w*|\brevogad\w*|\brevocad\w*"
    r"|\brevog\w+|\brevoc\w+"
    r"|\brevoke[ds]?\b|\bwithdr\w+|\bdad[oa]s? de baja\b|\bbaja (?:de )?" + _ABOUT +
    r"|\b(?:fecha|motivo) (?:de )?baja\b|^bajas?$|^se dio de baja|^solicito (?:la )?baja"
    r"|\bno molestar\b|\bnao (?:perturb\w+|incomod\w+)|\blista negra\b|\brobinson\b"
    r"|\blista de bloqueio\b"
    r"|^(?:is |esta )?(?:blocked|bloquead[oa]s?)(?: " + _ABOUT + r")*$"
    r"|\b(?:rechaz\w+|recus\w+|refus\w+|declin\w+|reject\w*|exclui\w+|excluded?|exclusion"
    r"|exclusao|cancel\w+) (?:\w+ ){0,2}" + _ABOUT +
    r"|\bde ?subscribed\b|\berased\b|^(?:complained|deceased|fallecid[oa]|falecid[oa]|saiu)$"
    r"|^(?:excluir|exclude|remover|remove|no enviar|nao enviar)$"
    r"|\bdesabonn\w*|\babgemeldet\b|\bsperrvermerk\b|\bwiderruf\w*|\bgesperrt\b"
    r"|\bnicht kontaktieren\b|\bberhenti\b"
    r"|\bsaiu da lista\b|\bcancel\w* (?:de |da |la |su )?(?:su[bs]*cri\w*|inscri\w*|assinatura)",
)  # fmt: skip
_AGREEMENT: Final = re.compile(
    r"consent\w*|\w*einwilligung\b|\bzustimmung\b|\bsetuju\b|\bbersedia\b|\bj ?accepte\b|^opt$"
    r"|\bopt(?:ed|s)? ?ins?\b|optins?\b|\bsubscri(?:bed|bers?|bes?)\b"
    r"|\bsubscription status\b"
    r"|\bsu[bs]{1,2}cri(?:p?t[oa]s?|ptor\w*)\b|\b(?:estado|estatus|status)(?: de"
    r"| da)?(?: la)? (?:su[bs]*cri\w*"
    r"|inscric\w*|assinatura)|\binscrit[oa]s?\b|\blgpd\b|\bgdpr\b|\brgpd\b|\blopd\b|\bhabeas data\b"
    r"|\bcontactable\b|\bmarketable\b|\bmarketing contact\b"
    r"|\b(?:accepts?|allows?|agrees?(?: to)?|autori[sz]a\w*|acept[ao]\w*|aceit[aeo]\w*|permite) "
    r"(?:\w+ ){0,2}(?:marketing|mkt|sms|whats ?app|promo\w*|recibir|receber|ofertas|publicid\w+)\b"
    r"|\b(?:marketing|sms|whats ?app) (?:permission|permiso|permissao|allowed|accepted|opt)\b"
)
_PHRASE: Final = re.compile(
    r"\b(?:accept|agree|allow|permit|want|receive(?!d)|authori[sz])\w* (?:\w+ ){0,3}" + _ABOUT +
    r"|\b(?:acept|aceit|autori[sz]|permit|permis|permiss|quier|quer(?=\b|[oe])|dese[aoj]"
    r"|gostaria|le gustaria"
    r"|te gustaria|recib|receb|concord|acuerdo)\w* (?:\w+ ){0,6}" + _ABOUT +
    r"|\b(?:podemos|pode|puedo|posso|podes|podem) (?:\w+ ){0,2}(?:contact\w*|contat\w*|envia\w*)"
    r"|^(?:contactar|contatar)(?: \w+){0,3}$|^enviar (?:\w+ ){0,2}" + _ABOUT +
    r"|\b(?:contato|contacto) permitido\b|\bhear from us\b|\bpromotional messages\b"
    r"|\bpreferred channel\b|\bchannel preference\b"
    r"|\b(?:tratamiento|tratamento|politica|proteccion|protecao) de da[dt]os\b"
    r"|\baviso de privacidad\b|\bbase legal\b"
    r"|\b(?:would you like|do you want|ok|okay|may we|can we|happy) (?:\w+ ){0,3}" + _ABOUT +
    r"|" + _ABOUT + r" (?:\w+ )?(?:permission\w*|permiso\w*|permissao|autoriza\w*"
    r"|authori[sz]\w*|allowed"
    r"|accepted|agreed|acept\w+|aceit\w+|status|estado|preferences?|preferencias?|ok)\b"
    r"|\b(?:permission|permiso|permissao|autorizacion|autorizacao)s? (?:\w+ ){0,3}" + _ABOUT
)  # fmt: skip
_WEAK: Final = re.compile(
    r"^(?:\w+ )?(?:accepts?|accepted|agrees?|agreed|acept[ao]s?|aceit[ae]s?|aceitou|acepto"
    r"|autoriz[ao]s?|autorizou"
    r"|autorizado|autorizacion|autorizacao|authori[sz]ed|permiso|permissao|permission|permite"
    r"|subscriptions?"
    r"|su[bs]*cripcion(?:es)?|inscricao|inscricoes|assinatura|assinante|suscribe|newsletters?"
    r"|boletin(?:es)?"
    r"|communication preferences?|preferences?|preferencias?)(?: \w+)?$"
    r"|^(?:marketing|mkt|whats ?app|sms|promo\w*|ofertas|offers|e ?mail|email|email marketing"
    r"|e mail marketing"
    r"|publicidad|publicidade|novedades|novidades)$"
)
_NEGATED: Final = re.compile(
    r"\b(?:no|not|nao|non|never|nunca|don ?t|doesn ?t|sin|sem|without)"
    r" (?:(?:to|se|me|nos|le|te|has|have|is|want|wants|tem|tiene|quiere|quer|desea|deseja|dio"
    r"|deu|su|seu|el|o) ){0,2}$"
)
_REFUSES: Final = re.compile(
    r"\b(?:no|nao|not|never|don ?t|doesn ?t) (?:\w+ ){0,2}?(?:contact\w*|contat\w*|llam\w+|mand\w+"
    r"|lig\w+|envi\w+|send|"
    r"receb\w+|recib\w+|receive|accept\w*|acept\w+|aceit\w+|autoriz\w+|dese\w+|quier\w+"
    r"|quer\w*|want|agree|"
    r"permit\w+|marketing|whats ?app|sms|promo\w*)\b"
)
# Details of an answer: its source, its form, its number.
_DETAIL: Final = re.compile(
    r"\b(?:id|ip|source|origin|origen|origem|fuente|fonte|method|metodo|text|texto|url|link"
    r"|version|by|por quem"
    r"|reason|motivo|form|formulario|level|campaign|list|lista|user agent|agent|code|codigo"
    r"|type|tipo|plan|plano"
    r"|price|precio|preco|name|nombre|nome|numero|number|count)\b(?! negra)"
)
_DATE_WORDS: Final = re.compile(
    r"\b(?:at|date|time|timestamp|datetime|on|since|when|fecha|hora|data|desde|cuando|quando|em)\b"
)
_CHANNELS: Final = (
    (Channel.WHATSAPP, re.compile(r"\b(?:whats ?app|whats|wa|wpp|wsp|zap)\b|whatsapp")),
    (Channel.SMS, re.compile(r"\b(?:sms|texts?|text messages?|texting)\b|sms(?:consent|opt)")),
    (Channel.EMAIL, re.compile(
        r"\b(?:e ?mails?|mail(?:s|ing)?|correos?|newsletters?|boletin(?:es)?)\b|email"
    )),
)  # fmt: skip

_YES: Final = frozenset(
    {
        "yes", "y", "si", "s", "sim", "true", "t", "verdadero", "verdadeiro", "1", "10", "x",
        "ok", "okay", "on", "check", "checked", "marked", "ja", "oui", "v", "afirmativo",
        "positivo", "claro", "active", "activo", "activa", "ativo", "ativa", "enabled",
        "habilitado", "confirmed", "confirmado", "confirmada", "granted", "given", "concedido",
        "otorgado", "otorgada",
        "accepted", "aceptado", "aceptada", "aceito", "requested", "done", "ya", "iya", "in",
    }
)  # fmt: skip
_NO: Final = frozenset(
    {
        "no", "n", "nao", "false", "f", "falso", "0", "00", "off", "unchecked", "negativo",
        "inactive", "inactivo", "inactiva", "inativo", "inativa", "disabled", "deshabilitado",
        "none", "ninguno", "ninguna", "nenhum", "nenhuma", "never", "nunca", "jamas", "jamais",
        "non", "nein", "tidak", "nao permitido", "no permitido", "not allowed", "no thanks", "out",
        "email only",
    }
)  # fmt: skip
_BLANK: Final = frozenset(
    {
        "", "n a", "na", "null", "nil", "nan", "undefined", "unknown", "desconocido",
        "desconhecido",
        "not set", "not specified", "unspecified", "no answer", "sin respuesta", "sem resposta",
        "sin datos", "sem dados", "nd", "n d", "pending", "pendiente", "pendente", "unconfirmed",
        "not confirmed", "no confirmado", "nao confirmado", "awaiting", "awaiting confirmation",
        "en espera", "aguardando", "invited", "no response", "0000 00 00", "0000 00 00 00 00 00",
        "pending confirmation", "sin confirmar", "por confirmar", "a confirmar", "not provided",
    }
)  # fmt: skip
_AGREED: Final = re.compile(
    r"(?:(?:double|single) )?opt(?:ed)? ?in|optin|(?:re ?)?subscribed|subscriber|agreed"
    r"|consented|consent"
    r"|allowed|authori[sz]ed|su[bs]*cri(?:p?t[oa])|inscrit[oa]|de alta|alta|autorizad[oa]"
    r"|autoriza|autorizo"
    r"|acepta|acepto|aceita|aceito|consentid[oa]|permitid[oa]|assinante|marketing contact"
    r"|contactable"
)
_REFUSED: Final = re.compile(
    r"(?:globally |soft |hard )?(?:un ?subscribed?|opt(?:ed)? ?out|optout|cleaned|bounced"
    r"|complained"
    r"|block ?listed|black ?listed|blocked|suppressed|revoked|withdrawn|declined|denied"
    r"|rejected|refused"
    r"|redacted|stop|stopped|removed|deleted|expired|do not contact|dnc|dnd|cancell?ed"
    r"|(?:se )?(?:dad[oa] |dio )?(?:de )?baja|cancelad[oa]|descadastrad[oa]|desinscrit[oa]"
    r"|de?su[bs]*cri(?:p?t[oa])"
    r"|revogad[oa]|revocad[oa]|denegad[oa]|negad[oa]|retirad[oa]|rechazad[oa]|recusad[oa]|bloquead[oa]|excluid[oa]|removid[oa]"
    r"|lista negra|no molestar|no contactar|nao contatar|nao contactar|nao perturbe|expirad[oa])"
)
_STATES_CONSENT: Final = re.compile(
    r"(?:un|never |not |re)? ?subscribed|opt(?:ed)? ?(?:in|out)|block ?listed|do not contact"
    r"|cleaned"
    r"|(?:no |nao )?su[bs]*cri(?:p?t[oa])|de?su[bs]*cri(?:p?t[oa])|descadastrad[oa]|desinscrit[oa]"
    r"|(?:dad[oa] )?(?:de )?baja|revogad[oa]|(?:no |nao )?inscrit[oa]"
)
# Refusals that count under any header, such as tags, notes and replies.
_EXPLICIT_REFUSAL: Final = re.compile(
    r"(?<!not )(?<!never )\bun ?subscribed\b|(?<!not )\bopt(?:ed)? ?out\b"
    r"|\bdo ?not (?:contact|message|text|disturb|send)\b|^(?:dnc|stop|baja|sair|parar|salir)$"
    r"|\bblock ?listed\b|\bblack ?listed\b|\blista negra\b|\bdescadastrad[oa]\b"
    r"|\bdesu[bs]*crit[oa]\b|\bdesinscrit[oa]\b|\b(?:no|nao) (?:contactar|contatar|molestar)\b"
    r"|\bnao perturb\w+\b|\b(?:dad[oa] de|se dio de|pidio|solicito)(?: la)? baja\b"
    r"|\bpediu (?:para sair|descadastro)\b"
    r"|\b(?:no|nao) (?:quiere|quer) (?:recibir |receber )?(?:mas |mais )?"
    r"(?:mensaj\w+|mensag\w+|publicidad\w*|promo\w+|whats ?app)"
    r"|\bdoes ?n ?o?t want (?:any )?(?:more )?(?:messages|texts|marketing)\b"
)
_REPLIES: Final = re.compile(
    r"\b(?:notes?|notas?|comments?|comentarios?|tags?|etiquetas?|repl(?:y|ies)|respuestas?|respostas?"
    r"|observac\w+|remarks?|segment\w*|lista?s?|grup\w+)\b"
)
_STATUS: Final = re.compile(r"\b(?:status|estado|estatus|estatuto|situacao|situacion|state)\b")
_NEGATIONS: Final = frozenset(
    {
        "no", "not", "nao", "non", "never", "nunca", "dont", "don", "doesnt", "sin", "sem",
        "without", "jamas", "jamais", "tampoco", "ninguno", "nenhum", "unsubscribe",
        "unsubscribed", "stop", "baja",
    }
)  # fmt: skip
_AGREEING: Final = frozenset(
    {
        "yes", "si", "sim", "ok", "okay", "otorgo", "doy", "dou", "consiento", "consinto",
        "acepto", "aceito", "autorizo", "autoriza", "acepta", "aceita", "concordo", "quiero",
        "quero", "deseo", "desejo", "claro", "agree", "accept", "agreed", "accepts",
        "agrees", "subscribed", "permito", "gostaria",
    }
)  # fmt: skip
_OPENING: Final = frozenset(
    {
        "i", "we", "yo", "eu", "me", "do", "he", "she", "by", "has", "have", "ya",
        "ja",
    }
)  # fmt: skip
_DATE: Final = re.compile(
    r"(?:\d{4} \d{1,2} \d{1,2}|\d{1,2} \d{1,2} \d{2,4}|\d{1,2} (?:de )?[a-z]{3,10} (?:de )?\d{2,4}"
    r"|[a-z]{3,9} \d{1,2} \d{4}|(?:19|20)\d{6})(?:(?: |t)\d.*| [ap]m| at .*)?"
)
_MARKS: Final = {"✓": "yes", "✔": "yes", "☑": "yes", "✅": "yes", "👍": "yes", "●": "yes",
                 "✗": "no", "✘": "no", "❌": "no", "☐": "no", "✖": "no", "👎": "no",
                 "⛔": "no", "🚫": "no"}  # fmt: skip


@functools.lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Return a text in lowercase without accents and punctuation, check marks as words."""
    for mark, word in _MARKS.items():
        text = text.replace(mark, f" {word} ")
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(each for each in letters if not unicodedata.combining(each))
    kept = re.sub(r"['\u2019`\u00b4]", "", kept)
    return " ".join(re.findall(r"[^\W_]+", kept))


def plain_or_blank(text: str) -> str:
    """Return a text as `plain` does, empty if it means that there is no answer."""
    found = plain(text)
    return "" if found in _BLANK else found


def header_channels(name: str) -> tuple[Channel, ...]:
    """Return the channels that a header names."""
    return tuple(channel for channel, pattern in _CHANNELS if pattern.search(name))


def header_kind(name: str) -> Header | None:
    """Return how clearly a header asks for consent; None if it does not."""
    if _REFUSAL.search(name) or _AGREEMENT.search(name):
        return Header.STRONG
    if _PHRASE.search(name) or _REFUSES.search(name):
        return Header.PHRASE
    return Header.WEAK if _WEAK.search(name) else None


def refuses(name: str) -> bool | None:
    """Return whether a yes under this header is a refusal; None if the header names both."""
    refusal = _REFUSAL.search(name)
    agreement = _AGREEMENT.search(name) or _PHRASE.search(name)
    if refusal:
        if _NEGATED.search(name[: refusal.start()]):
            return False
        rest = name[: refusal.start()] + name[refusal.end() :]
        both = re.search(r"\b(?:opt ?in|in|subscribed|inscrito)\b", rest)
        return None if both and "out" in refusal[0] else True
    if _REFUSES.search(name):
        return True
    return bool(agreement and _NEGATED.search(name[: agreement.start()]))


def is_detail(name: str) -> bool:
    """Return whether a header names a detail of an answer, such as its source."""
    return _DETAIL.search(name) is not None


def asks_for_date(name: str) -> bool:
    """Return whether a header asks for a date."""
    return _DATE_WORDS.search(name) is not None


def is_status(header: str) -> bool:
    """Return whether a header names a status of any kind."""
    return _STATUS.search(header) is not None


def is_refusal(text: str) -> bool:
    """Return whether a cell names a refusal, under any header."""
    return _REFUSED.fullmatch(text) is not None


def may_have_replies(header: str) -> bool:
    """Return whether a header names replies or notes, which may have a refusal anywhere."""
    return _REPLIES.search(header) is not None


def is_explicit_refusal(text: str) -> bool:
    """Return whether a cell says clearly, under any header, that a person wants no messages."""
    return _EXPLICIT_REFUSAL.search(text) is not None


def states_consent(text: str) -> bool:
    """Return whether a cell is about consent, under any header."""
    return _STATES_CONSENT.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Return whether a cell is a date, with or without a time."""
    return _DATE.fullmatch(text) is not None


def answer_of(text: str, *, refusing: bool | None, has_dates: bool) -> Answer:
    """Return the answer in a cell of a column of agreements or refusals.

    ``refusing`` is None for a column of both, where a bare yes is unclear. With ``has_dates``,
    numbers are dates.
    """
    # Spreadsheets may write whole numbers with one decimal.
    text = {"1 0": "1", "0 0": "0"}.get(text, text)
    if text in _BLANK:
        return Answer.NOT_REFUSED if refusing and has_dates else Answer.BLANK
    if is_date(text) or (has_dates and re.fullmatch(r"\d{5,13}(?: \d+)?", text)):
        return _polar(yes=True, refusing=refusing)
    if text in _YES or text in _NO:
        return _polar(yes=text in _YES, refusing=refusing)
    return _answer_in_words(text, refusing=refusing)


def _polar(*, yes: bool, refusing: bool | None) -> Answer:
    if refusing is None:
        return Answer.UNCLEAR
    if refusing:
        return Answer.NO if yes else Answer.NOT_REFUSED
    return Answer.YES if yes else Answer.NO


def _answer_in_words(text: str, *, refusing: bool | None) -> Answer:
    if _REFUSED.fullmatch(text):
        return Answer.NO
    if _AGREED.fullmatch(text):
        return Answer.YES
    if refused_before_more := _REFUSED.match(text):
        rest = text[refused_before_more.end() :]
        if rest.startswith(" ") and is_date(rest.strip()):
            return Answer.NO
    first, _, rest = text.partition(" ")
    if first in _NEGATIONS and _REFUSED.fullmatch(rest):
        return Answer.YES
    words = text.split()
    refused = bool(_NEGATIONS.intersection(words)) or bool(_REFUSALS_WITHIN.search(text))
    opening = next((word for word in words if word not in _OPENING), "")
    agreed = opening in _AGREEING
    if refusing:
        # A sentence may repeat the question, so only its first word is an answer.
        if opening in {"yes", "si", "sim"} and not refused:
            return Answer.NO
        return Answer.NO if opening not in {"no", "nao"} and refused else Answer.UNCLEAR
    if refused == agreed or (agreed and _LIMITED.search(text)):
        return Answer.UNCLEAR
    return Answer.NO if refused else Answer.YES


_REFUSALS_WITHIN: Final = re.compile(
    r"\b(?:un ?subscri\w*|opt(?:ed)? ?out|blocked|bloquead[oa]|revogad[oa]|revocad[oa]|cancelad[oa]"
    r"|descadastrad[oa]|declin\w+|refus\w+|reject\w+|rechaz\w+|recus\w+|revok\w+|revog\w+|revoc\w+"
    r"|withdr\w+|expir\w+|remov\w+|delet\w+|cancel\w*|retir\w+|baja|denied|(?:de)?negad[oa])\b"
)
# Words that limit or withdraw an agreement.
_LIMITED: Final = re.compile(
    r"\b(?:but|pero|mas|except\w*|exceto|excepto|menos|salvo|only|solo|so|somente|apenas|until|hasta"
    r"|ate|later)\b"
)
