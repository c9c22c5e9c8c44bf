"""
Sentences that blame, end a search too soon, or cannot be done: each rule with its reason and a better wording.

A pattern is made of the tables in `blame_words`, and read in a text that `marked` has made ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tocsin.core.blame_words import (
    A_PAST,
    ACT,
    AN_ERROR,
    BARE_TEAM,
    BETTER,
    BY_CHANCE,
    BY_TEAM,
    CAREFUL,
    CAUSE,
    DID_HARM,
    DONE,
    DUE,
    FAIL,
    GOOD_THING,
    HAND,
    HOW,
    NAME,
    NOT,
    ONE,
    OUTCOME,
    PEOPLE,
    PERFECT,
    ROLE,
    START,
    TEAM,
    TEAM_WRONG,
    THE,
    THE_TEAM,
    THEIR_WORK,
    THEIRS,
    TROUBLE,
    WE,
    WHOLLY,
    WHOSE_ERROR,
    WRONG,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one sentence. `{found}` stands for what was found, in `text`; where `unless` matches, none is said."""

    name: str
    pattern: re.Pattern[str]
    text: str
    better: str
    unless: re.Pattern[str] | None = None


def marked(text: str, names: tuple[str, ...]) -> str:
    """
    Make a text ready for the patterns: lower case, names as marks. Each character stays in its place.

    Of `Ana Cruz` also `Ana` is a name. Its case matters: "mark" and "will" are words.
    """
    if names:
        text = _named(names).sub(lambda found: NAME * len(found[0]), text)
    low = _HANDLE.sub(lambda found: NAME * len(found[0]), text)
    low = low.replace("\n", " ").replace("’", "'").replace("İ", "I").lower()
    return low if len(low) == len(text) else text


_HANDLE: Final = re.compile(r"(?<![\w.])@\w[\w-]*")


@lru_cache(maxsize=32)
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    parts = {part for name in names for part in (name, name.split()[0] if name.split() else "") if len(part) > 1}
    any_of = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
    return re.compile(rf"\b(?:{any_of})\b" if parts else r"(?!)")


def _compiled(table: str) -> re.Pattern[str]:
    """
    One pattern of a table: a line for each, one that is indented more goes on with the line before.

    A pattern begins where a word does, which is looked for once for all of them: that makes them five times as fast.
    One with `^` begins where the sentence does, one with `?` anywhere.
    """
    kinds: dict[str, list[str]] = {"^": [], "?": [], "": []}
    for pattern in table.replace(f"\n{' ' * 16}", "").split("\n"):
        if each := pattern.strip(" "):
            kinds[each[0] if each[0] in "^?" else ""].append(each.lstrip("^?"))
    heads = {"": r"\b(?=\w)", "^": "^", "?": ""}
    return re.compile("|".join(rf"{heads[kind]}(?:{'|'.join(some)})" for kind, some in kinds.items() if some))


# --------------------------------------------------------------------------------------------------- the rules

RULES: Final = (
    Rule(
        "human-error",
        _compiled(rf"""
            {WHOSE_ERROR}(?:'s|s')? {AN_ERROR}\b(?! (?:rates?|messages?|budgets?|pages?|reports?|codes?|counts?|
                logs?|handling))
            human (?:element|weakness|fallibility|negligence|inattention|carelessness|in the loop was)
            (?:problem|cause|error|fault|issue|reason|weak(?:est)? (?:link|point)|failure)(?: [\w]+){{0,3}} (?:was|
                is|were|of|:) (?:\w+ ){{0,2}}(?:human|people)(?: nature| origin)?[.!]?$
            made (?:an?|the|this|that|the same) (?:\w+ )?(?:mistake|error|slip|blunder)\b
            (?:by|through|in) (?:pure |simple )?(?:mistake|error|accident)\b(?! (?:rates?|code))
            (?:mistakes?|errors?|accident|lapse|slips?|oversight|typo|blunder) (?:made )?(?:by|of|on the part of|
                from) (?:{THE} {ROLE}|the (?:person|human|night|day)|{NAME}|{BY_TEAM}|{THE} \w+ (?:admin\w*|team|
                group))
            (?:mistakes?|blunder|slip|typo) (?:was|were|had been|has been) made\b
            (?:\w+'s|\w+s'|his|her|their) (?:own )?(?:mistakes?|blunder|oversight|lapse)\b
            {NAME}+'s error\b
            mistakes? (?:made|during|while|when|in)\b
            honest mistake
            mistaken belief
            due to an oversight
            (?:fat|clumsy)[- ]finger
            pebkac\b
            layer[ -](?:8|eight)\b
            between (?:the )?(?:keyboard|chair) and\b
            slips? of (?:the|an?|his|her) (?:keyboard|finger|mind|tongue|hand|mouse|pen|memory)\b
            (?:momentary|mental|short) lapse\b
            lapse (?:of|in) (?:attention|concentration|judge?ment|memory|care|focus)\b
            {BY_CHANCE} {HAND}\b
            {HAND} (?:\w+ ){{0,3}}{BY_CHANCE}\b
            ^{BY_CHANCE}\b
            {ONE} {BY_CHANCE}\b
        """),
        "“{found}” ends the search where it begins: people err, and the next one will too.",
        "Say what made the step easy to get wrong and what let it pass: “the command takes its target from …”.",
        _compiled(r"""
            (?:against|such|from|prevents?|easy|invites?) (?:\w+ )?mistakes?\b
            mistakes? (?:is|are|was|were) (?:easy|likely)
        """),
    ),
    Rule(
        "should-have",
        _compiled(rf"""
            (?:should|ought)(?:n't)?(?: (?!that\b|which\b|and\b|who\b|be\b)[\w-]+){{0,4}}? {PERFECT}\b(?! (?:an?|
                the|its|their|one|two|three|at least|no|only|any|some|more|enough|each|all|\d+)\b(?! (?:second|
                better|proper)))
            (?:should|ought)(?:n't)?'ve\b
            shoulda\b
            should have had\b
            should (?:know|have known) better\b
            ought to know\b
            (?:was|were) supposed to\b
            (?:{ONE}|{TEAM}|on-?call|we|they|support) (?:was|were) (?:meant|expected|required|obliged|paid) to\b
            (?:needed|had) to have\b
            must have (?:known|seen|noticed|heard|realised|realized|read)\b
            (?:{NAME}+|\w+'s|\w+s'|his|her|their|our|your) (?:job|duty|responsibility|task|obligation) (?:it (?:was|
                is) )?to\b
            (?:job|duty|responsibility|task) of the (?:\w+ ){{1,3}}to\b
            (?:right|correct|proper|better|sensible|wise|obvious|sane|professional) (?:thing|step|move|choice|
                course|decision|call|reaction)(?: to do)? (?:here |then )?would\b
            (?:would|could) have been expected\b
            (?:could|can) be expected (?:of|from) (?:an?|any|every)\b
            as (?:any|every)(?:one|body)?(?: \w+){{0,2}} (?:knows|would)\b
            (?:in|with)(?: the benefit of)? (?:hindsight|retrospect)\b
        """),
        "“{found}” judges by what is known now; nobody knew it then.",
        "Say what was seen at the time, and what was missing: “the page showed …; the … was not visible”.",
    ),
    Rule(
        "counterfactual",
        _compiled(rf"""
            if only\b(?! (?:one|an?|the|two|some|part)\b(?! \w+ (?:had|was|were)\b))
            would(?: not|n't| never| certainly| probably| surely| also| still| all| then| easily|
                 at once){{0,2}} {PERFECT}\b(?! (?:to|an?|the|no|its|their|one|two|three|more|\d+)\b)
            would(?:n't)?'ve\b
            (?:could|might|may)(?: not| never| well| easily| also| all| both| probably|
                 certainly){{0,2}} {PERFECT}(?: been| all| easily| both| quickly| simply| at once){{0,3}} {BETTER}
            (?:could|might) easily {PERFECT}\b
            ^had (?!to\b|is\b|been\b|a reserved)(?:{NAME}+|\w+)(?: (?!is\b)[\w'-]+){{1,9}}(?:,| (?:we|the|it|nobody|
                no|this)\b)
            ?[;,] had (?:we|they|he|she|it|some\w+|{NAME}+|(?:the|an?|our|this) \w+) \w+
            (?:would|could|might)\b[^.;]{{3,80}} had (?:we|they|he|she|it|some\w+|any\w+|(?:the|an?|our|
                this) \w+) (?:been )?\w+
            ^were (?:the|it|we|they|this|that) [^.;]{{3,80}}\bwould\b
            (?:were it not|had it not been|if not|if it (?:was|were) not) for\b
            (?:if|unless) (?:we|they|he|she|some(?:body|one)|any(?:body|one)|{NAME}+|{THE} {ROLE}|
                {THE_TEAM}) {A_PAST}\b
            (?:if|unless)\b[^.;]{{2,70}}\b{A_PAST} [^.;]{{2,80}}\b(?:would|could|might)\b
            (?:would|could|might)\b[^.;]{{2,80}}\b(?:if|unless)\b[^.;]{{2,50}}\b{A_PAST}\b
            (?:(?:easily|entirely|completely|perfectly|clearly|totally|wholly) )?(?:avoidable|preventable|
                foreseeable)\b
            need(?: not|n't) (?:have|'ve)\b
            (?:did not|didn't) (?:have|need) to (?:happen|be|come|last|end)\b
            (?:was|were|been) (?:so |quite |very )?(?:easy|simple|possible) to (?:avoid|prevent|spot|catch|detect|
                find|see)\b
            all (?:that )?(?:it|we|they) (?:took|needed)\b
            all that was (?:needed|missing)\b
            (?:{WE}|whoever was on call) (?:also |then |again |repeatedly |simply )?{FAIL}\b
            (?:\w+'s|\w+s'|his|her|their|our) (?:\w+ )?(?:failure|inability|refusal|unwillingness|reluctance) to\b
            (?:failure|inability|refusal) (?:of|by) (?:{ONE}|{TEAM}) to\b
            by (?:failing|neglecting|forgetting|omitting|not bothering) to\b
        """),
        "“{found}” tells of a past that was not; it explains nothing of the one that was.",
        "Tell what happened and why it made sense then; put the wish into an action item.",
    ),
    Rule(
        "person-blame",
        _compiled(rf"""
            {ONE}(?:,? who)? (?:{HOW}{WRONG}|(?:is|was|were|are) (?:solely |entirely |clearly )?(?:to blame|at fault|
                the (?:cause|reason|problem|culprit)|responsible for (?:the|this|that) (?:\w+ )?{TROUBLE}))
            {NAME}+(?:'s)? (?:careless\w*|mistake)
            (?:because|since|as|so|that|is that|due to the fact that) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|
                {ACT})(?=.*\b(?:{TROUBLE}|lost|down|failed|broke|late|wrong)\b)
            ^(?:because|since|as) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|{ACT})[^.;]*,
            {TROUBLE} (?:\w+ ){{0,4}}because (?:of )?{ONE}(?:'s)? {HOW}(?:{NOT}|{ACT}|{THEIR_WORK})
            {DONE} by (?:{NAME}+|{THE} {ROLE}|one person|some(?:body|one))\b(?! (?:reconcil|pod|controller|job))
            (?:caused|triggered|broken|introduced|brought about) by (?:{NAME}+|the \w+)'s\b
            (?:{NAME}+|{THE} {ROLE})(?:'s|s') (?:\w+ )?(?:{THEIRS}\b|{THEIR_WORK} (?:\w+ )?{DID_HARM})
            (?:his|her) (?:\w+ )?{THEIRS}\b
            (?:his|her) {THEIR_WORK} {DID_HARM}
            (?:reason|cause|culprit|problem|weak link)(?: [\w]+){{0,4}} (?:is|was|:) (?:{NAME}|{THE} {ROLE})
            (?:{THEIRS}|fault|incompetence) of (?:{NAME}+|{THE} {ROLE})
            (?:thanks|owing) to (?:{NAME}+|{THE} {ROLE})(?:'s)? (?:mistake|failure|negligence|
                {THEIR_WORK}),? (?:we (?:had no|lost)|nothing)
        """),
        "“{found}” names somebody beside what went wrong: the next reader hides what they know.",
        "Name the step and what it met: “the migration ran at 14:02 and found …”; the timeline keeps who did what.",
    ),
    Rule(
        "team-blame",
        _compiled(rf"""
            {DONE} by {BY_TEAM}
            by {BY_TEAM} without\b
            {TEAM} (?:{HOW}{TEAM_WRONG}|(?:is|was|are|were) (?:also |clearly |solely )?(?:to blame|at fault|
                responsible for (?:the|this) (?:\w+ )?(?:{TROUBLE}|missing|lack)))
            (?:{THE_TEAM}|(?:the )?vendor|{BARE_TEAM})(?:'s|s') (?:\w+ )?(?:fault|failure|negligence|mistakes?|
                incompetence)\b
            (?:{THEIRS}|incompetence|slowness|silence|passivity) of (?:{BY_TEAM})
            (?:blame|fault|responsibility|guilt) (?:for [^.;]{{3,40}} )?(?:lies|lay|is|rests|falls|sits|
                goes)(?: entirely| solely| squarely)? (?:with|on|to|at) (?:{BY_TEAM})
            (?:nobody|no one|none) (?:in|on|from|at|of) {BY_TEAM} (?!is\b|was\b|were\b|could\b|knew\b|had\b|has\b|
                can\b)\w+
            {BARE_TEAM} (?:launched|changed|deployed|released|promised|sold|ordered) (?:[\w'-]+ ){{1,6}}without\b
            (?:no|without any) (?:answer|help|support|reaction|feedback) (?:at all )?from {BY_TEAM}
        """),
        "“{found}” puts a team in the place of a cause.",
        "Name the interface and what it let through: “the change of the contract reached production without …”.",
    ),
    Rule(
        "blame-word",
        _compiled(rf"""
            (?:careless|negligen|slopp|reckless|incompeten|inexcusabl|irresponsib|thoughtless|inattenti|
                unprofessional|amateurish|shoddy|slapdash|foolish|idio[tc]|ignoran|complacen|unforgiv|disgrace|
                embarrass|shameful|half-?hearted|over-?confiden|arrogan|scapegoat|bungl|inept|senseless|
                disorgani[sz]ed|short-?sighted)\w*
            (?:lazy|lazily|laziness)\b(?! (?:load|evaluat|init|connect|import|delet|creat|queue|fetch|mode|bind|
                alloc|unmount))
            (?:stupid(?:ly|ity)?|clueless|culprits?|guilty|rookie|amateurs?|offenders?|perpetrators?|slackers?)\b
            dumb\b(?! (?:terminal|pipe|mode|client|switch|proxy))
            naive(?:ly|ty)? (?:assum|belie|trust|of |to )
            (?:{WE}|people) {HOW}forgot
            ^forgot\b
            forgot(?:ten)? to\b
            (?:was|were|been) (?:\w+ )?forgotten\b
            forget(?:ting|ful\w*)\b
            to blame\b
            at fault\b
            fault of (?:the (?:person|team|one)|whoever)
            (?:is|was|be|are|were) blamed\b
            blames? (?:lies|falls|rests|goes|for|on)\b
            whose fault\b
            (?:his|her|their|my|your|our) (?:own )?fault\b(?! (?:domain|tolerance|injection))
            (?:screw|mess|foul|muck|cock)(?:ed|s|ing)? (?:\w+ )?up\b
            botch\w*
            (?:pay|paid|paying) (?:no |any |enough |little )?attention to the\b
            not pa(?:y|id|ying) attention\b
            no attention\b
            nobody (?:bothered|cared|gave|felt responsible|took (?:it|this) seriously)
            (?:not|never|n't) (?:be )?bother(?:ed)?\b
            common sense\b
            obvious(?:ly)? (?:bug|mistake|error|wrong|should|had no|did not|didn't|flaw|omission)
            of course should
            (?:without|not|no) (?:really |even )?(?:thinking|thought)\b(?! of| through to)
            (?:in|with) (?:great |undue )?haste\b
            hast(?:y|ily)\b
            rash(?:ly)?\b
            blindly\b
            (?:had|has|have|with) (?:absolutely |obviously )?no (?:idea|clue)\b(?! (?:that|how|whether))
            lack of (?:\w+ )?(?:care|attention|diligence|discipline|thought|interest|foresight|responsibility|
                professionalism|competence|skills?|vigilance|effort|rigou?r|concentration|judge?ment|experience|
                willingness|respect)\b
            (?:poor|bad|terrible|awful|lousy|appalling|questionable) (?:judge?ment|decisions?|discipline|
                work(?:manship)?|attitude|habits?|coding|engineering|performance)\b
            errors? of judge?ment\b
            (?:thrown|cobbled|hacked|slapped) together\b
            cut(?:ting)? corners\b
            no excuse\b
            asleep at\b
            (?:a|what a) (?:shame|disgrace)\b
            ashamed\b
            blatant(?:ly)?\b
            grossly?\b (?:neg|mis|viol|under)
            (?:has|have|had|was|were|been|will be) (?:been )?(?:spoken to|reprimanded|disciplined|told off|sacked|
                punished|let go|talked to)\b
            told you so\b
            unacceptabl[ey]\b
            couldn't be bothered\b
        """),
        "“{found}” judges a person, and a judged person tells less the next time.",
        "Leave the judgement out and say what happened: “nothing reminded anybody of …”.",
    ),
    Rule(
        "single-cause",
        _compiled(rf"""
            (?<!no )(?<!not a )(?<!not the )(?<!not one )(?<!no one )(?:only|sole|single|one and only|just one|
                exactly one|exclusive|the one) (?:\w+ )?{CAUSE}\b
            {WHOLLY} (?:{DUE}|attributable)\b
            (?:solely|entirely|purely|exclusively|wholly) (?:by|an?|the)\b
            {DUE} (?:solely|entirely|purely|exclusively|wholly|only|nothing but|just)\b
            due only to\b
            (?:all|just) (?:because|down to|due to)\b
            simply because\b
            {DUE} [^.;]{{2,60}}\bnothing else\b
            nothing else (?:caused|contributed|went wrong|failed|mattered|is to blame)\b
            (?:is|was) nothing (?:but|more than|other than)\b
            (?:comes?|came|boils?|boiled) (?:all )?down to\b
            (?<!not )(?:is|was|are|were|has been|be) (?:all |fully |completely |entirely |easily )?(?:explained|
                accounted for) by\b
            \w+ alone (?:caused|explains?|is|was|brought|broke|took|led|has|had)\b
            no (?:other|further|additional|deeper) (?:\w+ )?(?:factors?|causes?|reasons?|explanation|contribut\w+)\b
            (?:{DUE}|result of|responsib\w+ (?:is|was)|attribut\w+ to|trac\w+ (?:back )?to) (?:just |
                only )?(?:an? single|one single|one)\b
            (?:a|one) single (?:\w+ ){{1,4}}(?:was|is) (?:responsible|to blame|the cause|enough)
            a single (?:\w+ ){{1,4}}(?:caused|explains|broke|took down|brought down)\b
            ^only (?:the|an?|this) [^.;,]{{2,60}} (?:is|was) (?:responsible|to blame|the cause)
            {OUTCOME} (?:\w+ ){{0,4}}(?:is|was) (?:simply|just|only|merely|purely|nothing but|quite simply) (?:an?|
                the|that|in|dns)\b
            it (?:is|was|turned out to be) (?:simply|just|only|merely|all) (?:an?|the) (?:missing|wrong|bad|broken|
                faulty|expired|full|typo|simple|cable)\b
            (?:sole|single|only) \w+ and (?:cause|reason|trigger)\b
            ?(?:, full stop[.!]?$)
            (?:end of story|case closed|as simple as that|plain and simple)\b
            that (?:is|was) all there (?:is|was)\b
            (?:the|its|our) (?:\w+ )?root cause (?:of [^.,;]{{3,50}} )?(?:is|was|turned out to be|is therefore|
                was therefore) (?:simple|clear|trivial|obvious|found|known to be)\b
            (?:the|its|our) (?:\w+ )?root cause (?:of [^.,;]{{3,50}} )?(?:is|was|turned out to be) (?!not\b|
                a (?:combination|chain|set|race)|the (?:combination|interaction|meeting))(?:an?|the)(?: (?!and\b|
                because\b|which\b|that\b|while\b|combined\b|together\b|plus\b|with\b|when\b|
                but\b)[\w'/.-]+){{1,9}}[.!]?$
        """),
        "“{found}” ends with one cause; an outage needs several conditions at once.",
        "Name the trigger and what let it through: “… was the trigger; … did not stop it, and … made it last”.",
    ),
    Rule(
        "vague-action",
        _compiled(rf"""
            (?:be|being|become|stay|remain) (?:(?:more|extra|very|especially|much|always) )*{CAREFUL}\b
            (?:pay|paying) (?:more|better|closer|extra|special|careful) attention
            keep(?:ing)? (?:an?|a \w+|our|your) eyes? (?:on|open)
            ^{START}(?:keep|bear) in mind\b
            (?:try|work|look|think|test|check|plan|listen) (?:harder|twice|better|more carefully)\b
            try (?:to|not to|and)\b(?=.*\b(?:future|next time|more|better|avoid)\b)
            remind(?:ing)? (?:{PEOPLE}|the\b)
            remember to\b
            do not forget\b
            don't forget\b
            (?:re-?)?(?:train|coach|educate|sensiti[sz]e|teach|brief) (?:the|our|{PEOPLE})\b
            (?:more|better|additional|further|regular|refresher|extra) training\b
            (?:improve|strengthen|enhance|increase|tighten|better|boost|foster|promote|raise|refresh|deepen|
                optimi[sz]e) (?:(?:the|our|on|upon|all|of|team's|team) )*(?:[\w'-]+ )?{GOOD_THING}\b
            ^(?:better|more|improved|stricter|closer|additional|further|stronger|clearer|increased|
                regular) (?:\w+ )?{GOOD_THING}\b
            (?:communicate|test|document|monitor|plan|coordinate|review|collaborate|cooperate|prepare|
                check) (?:better|more|earlier|properly|thoroughly|closely|carefully|regularly)\b
            never happens? again
            not (?:happen|occur|be repeated) again\b
            (?:does|do|will|can)(?: not|n't|not) (?:recur|repeat)\b(?! (?:until|before|while))
            avoid (?:this|such|it|these|similar|another)\b(?=.*\b(?:future|again|next|incidents?|outages?|mistakes?|
                problems?)\b)
            ^{START}avoid\b
            (?:make|making|ensure|be sure) (?:sure )?(?:that )?{PEOPLE} (?:is|are|know|knows|understand|follow|read|
                aware|be|has)
            raise (?:more )?awareness
            spread the word\b
            share (?:the )?(?:knowledge|lessons|learnings)\b
            lessons? to be learn
            (?:follow|adhere to|stick to|respect) the (?:process|procedures?|rules|guidelines|policy|checklist|
                standards)\b(?=.*\bnext time\b|[.!]?$)
            look(?:ing)? (?:into|at (?:whether|how|improving|options|ways))\b
            double-?check (?:their|your|all|everything|the|before)\b
            take (?:more|better|extra|greater) care\b
            take care (?:to|when|that)\b
            (?:exercise|use) (?:more )?caution\b
            (?:do|try|give) (?:better|our best|your best|our utmost)\b
            needs? to be aware\b
            ^{START}(?:also )?(?:consider|think about|explore|discuss|revisit|reconsider|evaluate|assess|examine|
                investigate|look at|see|check|analy[sz]e) (?:if|whether|how|ways|options|what|adding|using|moving|
                improving|introducing|better|more|a better|the (?:possibility|option|idea|need)|our|
                (?:the )?(?:\w+ )?(?:strategy|approach|process|policy|{GOOD_THING}))\b
            (?:investigate|consider|think about) (?:whether|if|how|adding|introducing)\b
            (?:encourage|urge|ask|tell|instruct|advise|warn|motivate|push) (?:{PEOPLE}) (?:again )?(?:to|not to)\b
            (?:will|should|must|are to) be (?:asked|told|reminded|instructed|urged|encouraged|required) to\b
            ^always (?:\w+ly )?(?:read|check|test|verify|ask|look|use|make|keep|review|think|double|run|wait|tell|
                do|have|remember|follow)\b
            (?:we|you|they|people|everyone|everybody|engineers|developers|operators|admins|reviewers) (?:must|
                should|have to|need to|shall) (?:always|never)\b
            ^never (?:again )?(?:deploy|restart|run|merge|touch|trust|assume|change|push|work|skip|ignore|forget|
                leave|let|use|do)\b
            ^(?:closely )?monitor (?:the |this |it )?(?:situation|closely|more|further|carefully)?[.!]?$
            closely monitor\b
            monitor (?:\w+ ){{0,4}}(?:more )?closely\b
            (?:stop|think) (?:and think|before you|before (?:act|deploy|push|restart)\w+)
            slow down and\b
            at some point\b(?=[.!]?$)
            when(?:ever)? (?:there is|we have|we find) (?:some |the )?time\b
            learn from (?:this|it|our)\b
            (?:get|become) better at\b
            be better (?:at|prepared)\b
            do a better job\b
            work on (?:our|the) (?:\w+ )?{GOOD_THING}
        """),
        "“{found}” cannot be finished, so nobody can say when it is.",
        "Write what will be different: a check, a guard, an alert; with an owner, a day and a way to verify it.",
        _compiled(r"""
            (?:verified|proved|proven|checked|measured|tested) (?:by|with|in|on|when|against)\b
            done when\b
        """),
    ),
)  # fmt: skip
