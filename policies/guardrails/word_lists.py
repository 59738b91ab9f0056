"""Word lists of language that are no class of expressions: function words, irregular forms, words around a verb."""

from collections.abc import Mapping


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


def _table(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


FUNCTION_WORDS = word_set(
    """
    getting having being giving
    a aber about above after again against all allowed already als also although always am an and any anybody anyone
    anything are as at auch auf aus be because been before bei being below between both but by can case cases che
    circumstance circumstances com con concerning could da darf das dass de dem den der des di did die do does doing
    done du durch during dürfen e each een ein eine einem einen einer eines either el en ensure er es est et etc
    even ever every everybody everyone everything for forbidden from für get gets gli got had has have having he
    hence her here hers het him his how however i if ihr ihre ihren ihrer il im immer in including instead
    into is ist it its just kann kein keine keinen kind kinds können la las le least les less like lo los ma maar
    made mais make makes making many matter may me met might mine mit more most much muss must my müssen na nach ne
    need needs neither never nicht nie niemals niet no nobody non none nor not nothing nur não o oder of off on only
    onto op or order os otherwise ou our ours out over own para pas per permitted pero please por prohibited que qui
    rather regarding regardless required respect same sein seine shall she should sie since sind so soll sollen
    sollte some someone something son sono sont still such sure te than that the their theirs them then there
    therefore these they this those though thus time times to too toward towards um uma un una und under une unless
    uno unter until up upon us van very via von vor war was way ways we well wenn werden were what whatever when
    whenever where wherever whether which while who whoever whom whose why will wir wird with within without would
    weder noch nunca jamás nooit jamais
    wurde caso casos ningún ninguna ninguno cas aucun aucune nessun nessuna nenhum nenhuma circunstancia
    vous tu nous votre vos usted ustedes você u uw
    y yet you your yours zijn zu zum zur è über
    """
)
"""Words that carry no subject matter: English, German, French, Spanish, Italian, Portuguese, Dutch."""

COMMAND_WORDS = word_set(
    """
    let lets letting cannot
    can't mustn't don't doesn't won't shouldn't needn't shan't isn't aren't avoided avoiding avoids
    absolutely abstain acceptable allowed always at attempt attempts avoid banned can careful circumstances consider
    could darf decline declined declines discretion ensure essential exception exceptions exclusively fail feel
    fewer forbidden forget free generally grundsätzlich hesitate ideally immer imperative important insist kindly
    less mainly mandatory matter may might more most mostly must möglichkeit necessary never niemals no normally not
    note nötig obligatory only optional permitted please possible preferably prohibited rarely recommended refrain
    refuse refused refuses regardless rejected require requires required
    rule shall should shy solely strictly sure tries try
    typically up usually welcome devez doit doivent dois interdit interdite interdits interdites défense obligatoire
    debe debes deben prohibido prohibida vietato vietata proibido proibida moet moeten mogen verboden verboten untersagt
    いけ いで くだ けま さい して せん ださ ださい てい てく ては
    でく ない なり ませ りま んで 対に 必ず 絶対 絶対に 決して 一切 厳禁 禁止 下さい 場合 時 事
    """
)
"""Words by which a sentence commands, forbids or softens: the way of saying, not what is said."""

BEFORE_A_VERB = word_set(
    """
    also always and are auch be been being bitte by can could directly do du first freely gladly immediately instead is
    it just may might must never not nun oder or please quickly
    shall should simply so sofort still then therefore they to und will would you
    """
)
"""Words after which an English (or German) verb may stand."""

DEMANDED_NOUNS = word_set(
    """
    permission approval confirmation employee staff doctor signature adult warning notice language source evidence
    identity reason summary explanation specialist engineer pharmacist parent consent id receipt proof ticket
    """
)
"""Nouns whose new modifier demands more of a duty (`written consent`), rather than limiting when it holds."""

IRREGULAR: Mapping[str, str] = _table(
    """
    sent:send told:tell given:give gave:give said:say kept:keep made:make taken:take took:take shown:show left:leave
    paid:pay sold:sell bought:buy written:write wrote:write spoken:speak known:know found:find held:hold
    brought:bring met:meet chosen:choose broken:break hidden:hide stolen:steal stole:steal drawn:draw thrown:throw
    worn:wear lent:lend spent:spend built:build felt:feel lost:lose meant:mean sought:seek taught:teach
    understood:understand withheld:withhold children:child women:woman men:man people:person driven:drive
    begun:begin forgotten:forget shut:shut ran:run heard:hear seen:see saw:see dealt:deal caught:catch fed:feed
    led:lead sworn:swear swore:swear gone:go went:go eaten:eat overwritten:overwrite undertaken:undertake
    overridden:override beaten:beat bitten:bite fallen:fall frozen:freeze proven:prove risen:rise shaken:shake
    won:win advice:advise proof:prove belief:believe sale:sell choice:choose loss:lose sight:see speech:speak
    gift:give breath:breathe
    """
)
"""Form -> base form, where cutting a suffix does not lead there."""

STOP_WORDS: Mapping[str, frozenset[str]] = {
    "en": word_set(
        """
        a all an and any are as at be by can do for from have if in is it its must never not of on only or that
        the their they this to when will with you your
        """
    ),
    "de": word_set(
        """
        als auch auf aus bei bitte dabei das dass dem den der des die du ein eine einen für ihre im immer ist
        kein keine mit nach nicht nur oder sich sie und verwende von wenn werden wir wird zu
        """
    ),
    "fr": word_set(
        """
        au aux avec ce cette dans des doit du en est et il jamais la le les ne ou par pas plus pour que qui sont
        sur toujours un une vos votre vous à être
        """
    ),
    "es": word_set(
        """
        al como con cuando debe del el en es esta este la las lo los más no nunca o para por que se siempre su
        sus un una usted y
        """
    ),
    "it": word_set(
        """
        al che come con del della deve di e gli i il la le lo mai nel nella non o per più questa questo sempre
        si sono un una è
        """
    ),
    "pt": word_set(
        """
        a ao as com como da de deve do e em esta este mais na no nunca não o os ou para por que se sempre são um
        uma você é
        """
    ),
    "nl": word_set(
        """
        aan als altijd bij dat de deze dit een en er geen het is je maar met moet niet nooit of ook op te u van
        voor wordt zijn
        """
    ),
    "sv": word_set(
        """
        aldrig alltid att av den det du eller en ett för har inte med och om på ska som till var är
        """
    ),
    "pl": word_set(
        """
        być dla do i jak jest lub na nie nigdy o oraz po przez się tego to w z zawsze że
        """
    ),
}
"""The most frequent words by ISO 639-1 code, to tell languages apart."""
