"""
Sentences that blame, end a search too soon, or cannot be done: each rule with its reason and a better wording.

A pattern is made of the tables in `blame_words`, and read in a text that `marked` has made ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from tocsin.core.blame_words import (
    _IDIOM,
    A_PAST,
    ACT,
    AN_ERROR,
    ANYBODY,
    BAD_WORK,
    BARE_TEAM,
    BETTER,
    BY_CHANCE,
    BY_TEAM,
    CAREFUL,
    CAUSE,
    DID_HARM,
    DONE,
    DUE,
    DUTIES,
    FAIL,
    GOOD_THING,
    HAND,
    HARMED,
    HOW,
    IMPROVE,
    MACHINE,
    NAME,
    NOT,
    ONE,
    OUTCOME,
    OWED,
    PEOPLE,
    PERFECT,
    PERSON,
    ROLE,
    SILLY,
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
    WHOSE,
    WHOSE_ERROR,
    WITHOUT,
    WRONG,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule for one sentence, with its table of patterns; where one of `unless` matches nothing is said.

    `{found}` stands for what was found, in `text`.
    """

    name: str
    table: str
    text: str
    better: str
    unless: str = ""

    def search(self, sentence: str) -> re.Match[str] | None:
        """What breaks the rule in a sentence that `marked` made ready, or None."""
        found = compiled(self.table).search(sentence)
        return None if found and self.unless and compiled(self.unless).search(sentence) else found


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


@cache  # at their first use: a program that reads no postmortem does not wait for them
def compiled(table: str) -> re.Pattern[str]:
    """
    One pattern of a table: a line for each, one that is indented more goes on with the line before.

    A pattern begins where a word does; one with `^` where the sentence does.
    """
    lines = [line.strip(" ") for line in table.replace(f"\n{' ' * 16}", "").split("\n")]
    return re.compile(rf"\b(?=\w)(?:{'|'.join(filter(None, lines))})")


# --------------------------------------------------------------------------------------------------- the rules

# What was done as agreed, and what was not seen for a reason that is no person.
_EXPLAINED: Final = rf"""
            ^(?!.*(?:\bnot\b|n't\b|\bnever\b|\bwithout\b|\bwrong)).*\b(?:as (?:step|the (?:runbook|policy|procedure|
                checklist|plan)|planned|documented|
                agreed|announced|instructed|described|designed)|per (?:the )?(?:runbook|policy|procedure)|
                following the (?:runbook|procedure|documented))\b
            (?:did not|didn't|never|had not|could not) (?:notice|see|reali[sz]e|know|get|receive|understand|hear|
                answer|react|check|look)\b
                [^.;]*\b(?:because|since|as|for) (?:the|its|no|nothing|both|it|there|neither|all|two|of the) (?!{ROLE})
"""

RULES: Final = (
    Rule(
        "human-error",
        rf"""
            {WHOSE_ERROR}(?:'s|s')? {AN_ERROR}\b(?! (?:rates?|messages?|budgets?|pages?|reports?|codes?|counts?|
                logs?|handling))
            human (?:element|weakness|fallibility|negligence|inattention|carelessness|in the loop was)
            made (?:an?|the|this|that|the same) (?:\w+ )?(?:mistake|error|slip|blunder)\b
            (?:by|through|in) (?:pure |simple )?(?:mistake|error|accident)\b(?! (?:rates?|code))
            (?:mistakes?|blunder|slip|typo) (?:was|were|had been|has been) made\b
            mistakes? (?:made|during|while|when|in)\b
            honest mistake
            mistaken belief
            due to an oversight
            (?:fat|clumsy)[- ]finger
            pebkac\b
            layer[ -](?:8|eight)\b
            between (?:the )?(?:keyboard|chair) and\b
            slips? of (?:the|an?|his|her) (?:keyboard|finger|mind|tongue|hand|mouse|pen|memory)\b
            lapse (?:of|in) (?:attention|concentration|judge?ment|memory|care|focus)\b
            {BY_CHANCE} {HAND}\b
            {HAND} (?:\w+ ){{0,3}}{BY_CHANCE}\b
            ^{BY_CHANCE}\b
            {ONE} {BY_CHANCE}\b
            (?:problem|cause|error|fault|issue|reason|weak(?:est)? (?:link|point)|failure)(?: [\w]+){{0,3}} (?:was|
                is|were|of|:) (?:\w+ ){{0,2}}(?:human|people)(?: nature| origin| one)?(?:[.,;!]|$)
            {SILLY} (?:mistakes?|errors?|slips?|lapses?|blunders?|oversights?|typos?)\b
            human (?:mis\w+|fault|cause|inadequacy|shortcomings?|unreliability|carelessness|confusion)\b
            (?:category|class\w*|type|causes?|reason|rc|rca)(?: of \w+)? ?[:=-]+ (?:\w+ ){{0,2}}(?:human|people|person|
                operator|user|pilot|personnel)\b(?![- ](?:readable|review))
            (?:mistakes?|errors?|accident|lapse|slips?|oversight|typo|blunder|inattention|carelessness|negligence|
                confusion|misjudge?ment|misconfiguration|misunderstanding|lack of \w+|error of judge?ment)
                 (?:(?:made|committed|introduced) )?(?:by|of|on the part of|on the side of|from|at the hands of)
                 (?:{ANYBODY}|the (?:person|human|night|day|people)|whoever|one of (?:us|our|the)|an? human|{THE} \w+
                 (?:admin\w*|team|group))
            (?:through|due to|because of|owing to|out of|from|by) (?:sheer |pure |simple |plain |an? )*(?:inattention|
                carelessness|absent-mindedness|forgetfulness|negligence|misjudge?ment|thoughtlessness|lapse|blunder)\b
            {WHOSE}(?:own )?(?:mistakes?|blunder|oversight|lapse|slip-?up)\b
            {PERSON}'s (?:\w+ )?(?:errors?|typos?|slips?|fat-?finger\w*|misconfiguration|misjudge?ment)\b
            errors? (?:of|in) judge?ment\b
            (?:people|humans|we|everybody|everyone|engineers|operators|admins) (?:all |do |will |just |sometimes
                |always )*(?:make|made|makes) (?:\w+ )?(?:mistakes?|errors)
            to err is\b
            (?:we're|is|are|was|were) (?:all |only |just |after all )+human\b
            (?:mistakes|accidents|these things|it) happens?[.!]?$
            (?:momentary|mental|short|brief|small) (?:lapse|slip)\b
            (?:brain ?(?:fart|freeze)|senior moment|slip-?up|id-?10-?t|finger trouble|butter-?fingers)\b
            (?:wrongly|mistakenly|incorrectly) (?:typed|clicked|pressed|pasted|keyed|selected)\b
            (?:somebody|someone|{THE} {ROLE}|{NAME}+) (?:had )?mis(?:typed|keyed|clicked|read|spelled)
        """,
        "“{found}” ends the search where it begins: people err, and the next one will too.",
        "Say what made the step easy to get wrong and what let it pass: “the command takes its target from …”.",
        rf"""
            (?:against|such|from|prevents?|easy|invites?) (?:\w+ )?mistakes?\b
            mistakes? (?:is|are|was|were) (?:easy|likely)
            4(?:xx|\d\d)\b
            (?:do not|does not|don't|never|not) (?:use|accept|write|list|count|name|call|stop at|settle for)\b
            {MACHINE} (?:had |has )?{BY_CHANCE} {HAND}
        """,
    ),
    Rule(
        "should-have",
        rf"""
            (?:should|ought)(?:n't)?(?: (?!that\b|which\b|and\b|who\b|be\b)[\w-]+){{0,4}}? {PERFECT}\b(?! (?:an?|
                the|its|their|one|two|three|at least|no|only|any|some|more|enough|each|all|\d+)\b(?! (?:second|
                better|proper)))
            (?:should|ought)(?:n't)?'ve\b
            shoulda\b
            should have had\b
            should (?:know|have known) better\b
            ought to know\b
            (?:needed|had) to have\b
            must have (?:known|seen|noticed|heard|realised|realized|read)\b
            {WHOSE}(?:job|duty|responsibility|task|obligation) (?:it (?:was|
                is) )?to\b
            (?:job|duty|responsibility|task) of the (?:\w+ ){{1,3}}to\b
            (?:right|correct|proper|better|sensible|wise|obvious|sane|professional) (?:thing|step|move|choice|
                course|decision|call|reaction)(?: to do)? (?:here |then )?would\b
            (?:would|could) have been expected\b
            (?:could|can) be expected (?:of|from) (?:an?|any|every)\b
            as (?:any|every)(?:one|body)?(?: \w+){{0,2}} (?:knows|would)\b
            (?:in|with)(?: the benefit of)? (?:hindsight|retrospect)\b
            {WE} (?:was|were) (?:supposed|meant|expected|
                required|obliged|paid|told|trusted|hired) to\b
            had (?:just |only )?one job\b
            (?:was|were) (?:supposed|meant|expected) to (?:be )?(?:\w+ly )?(?:{DUTIES}|carried|done|given|kept|trained|
                rotated|removed|on
                |at (?:his|her|the) desk|in place before)\b(?! (?:automatically|by the (?:\w+ )?{MACHINE}))
            should(?:n't|nt)?ve\b
            would(?:n't)?(?: certainly| surely)? (?:have|'ve|of) been (?:far |much |a )?(?:better|wiser|safer|smarter|
                best|prudent|appropriate|sensible|advisable|right|good (?:idea|practice)|common sense|professional)\b
            (?:needed|had|was|were|been told|asked|was necessary|agreed|promised) to\b[^.;]{{3,90}}(?:,| and| but)
                [^.;,]{{0,24}}\b(?:did not|didn't|was not|were not|wasn't|weren't|never (?:did|was|were|happened)|
                has not)[.!]?$
            it (?:was|is) (?:necessary|required|essential|mandatory|expected|imperative|vital) (?:that|to|
                for)\b[^.;]{{3,90}}\b(?:but|
                and|yet)\b[^.;]{{0,20}}\b(?:did not|didn't|not|never)\b
            it was (?:up to|incumbent (?:up)?on|the (?:duty|job|task|responsibility) of|for) (?:{ANYBODY}|him|her|them|
                us|you) to\b
            why (?:on earth )?(?:did|was|were|had|has|have|is)(?:n't|nt)? (?:nobody|no one|{ONE}|{TEAM}|we|they|
                anybody|anyone|you)
                \b(?! paged\b| called\b| notified\b| told by\b| alerted\b)
            (?:had|has|have) no business\b
            (?:could|might) at (?:the very )?least (?:have|'ve)\b
            the least (?:that )?(?:\w+ ){{1,3}}could (?:have|do)\b
            all (?:s?he|they|{NAME}+|{THE} {ROLE}) had to do\b
            (?:one|we|you|anybody|customers) (?:would|should|may|might|can|
                could) (?:have )?(?:rightly )?expect(?:ed)? (?:that|more|better|from|of|an?|the \w+ to)\b
            expected (?:more|better|otherwise) (?:of|from)\b
            (?:looking back\b|(?:knowing|with) what we (?:now )?know|what we know (?:now|today))
            (?:must|should) never (?:have|had)\b
            should (?:of course |really |at least )?know that\b
        """,
        "“{found}” judges by what is known now; nobody knew it then.",
        "Say what was seen at the time, and what was missing: “the page showed …; the … was not visible”.",
        rf"""
            ^(?!.*\b(?:{ANYBODY}|we|they|he|she|nobody)\b)(?=.*\b(?:(?:according to|as per|per|by) (?:the |its |
                our )?(?:\w+ )?(?:
                design|docs?|documentation|spec\w*|contract|manual|standard|protocol)|as (?:documented|specified|
                designed)))
        """,
    ),
    Rule(
        "counterfactual",
        rf"""
            would(?: not|n't| never| certainly| probably| surely| also| still| all| then| easily|
                 at once){{0,2}} {PERFECT}\b(?! (?:to|an?|the|no|its|their|one|two|three|more|\d+)\b)
            would(?:n't)?'ve\b
            (?:could|might|may)(?: not| never| well| easily| also| all| both| probably|
                 certainly){{0,2}} {PERFECT}(?: been| all| easily| both| quickly| simply| at once){{0,3}} {BETTER}
            (?:could|might) easily {PERFECT}\b
            ^had (?!to\b|is\b|been\b|a reserved)(?:{NAME}+|\w+)(?: (?!is\b)[\w'-]+){{1,9}}(?:,| (?:we|the|it|nobody|
                no|this)\b)
            (?<=[;,] )had (?:we|they|he|she|it|some\w+|{NAME}+|(?:the|an?|our|this) \w+) \w+
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
            {WE} (?:also |then |again |repeatedly |simply )?{FAIL}\b
            {WHOSE}(?:failure|inability|refusal|unwillingness|reluctance) to\b
            (?:failure|inability|refusal) (?:of|by) (?:{ONE}|{TEAM}) to\b
            by (?:failing|neglecting|forgetting|omitting|not bothering) to\b
            if only\b(?! (?:one|an?|the|two|some|part)\b(?! (?:[\w-]+ ){{1,4}}(?:had|was been|were|could|would)\b))
            ^but for (?:the|an?|his|her|their|this|that|our|{NAME})
            but for [^.;]{{3,60}}\b(?:would|could)\b
            {WE} (?:could|might)(?: easily| simply|
                 just| also| well| equally)* (?:have|'ve)(?: easily| simply| just| also)* (?!been\b|lost\b|
                seen\b)\w+ed\b
            (?:could|might) (?:have|'ve) (?:easily|simply|just)\b
            (?:missed|lost|wasted|gave away|squandered) (?:the|an?|our|every|this|that) (?:\w+ )?(?:chance|
                opportunity)\b
            (?:an?|one|every) missed (?:chance|opportunity)\b
            (?:needless|unnecessary|pointless|self-inflicted) (?:outage|downtime|delay|incident|loss|failure|page|pain)
            (?:needless|unnecessari)ly (?:long|prolonged|lost|delayed|late|down)\b
            for (?:the )?(?:want|lack) of (?:an?|one) (?:simple|single|quick|basic)\b
            (?:an?|one) (?:mere|simple|quick|single|short|brief|second|basic|five-minute) [^.;]{{2,50}}\b(?:would|
                could) (?:be|suffice|do)\b
            would (?:have )?sufficed?\b
            it would(?: only)? (?:take|need|cost|have)(?: only)? (?:an?|one|five|ten|two|minutes|
                seconds) (?:\w+ )?(?:minutes?|seconds?|look|command|line|
                call|click)\b(?= to (?:check|test|look|ask|verify|read|prevent|avoid|notice))
            (?:was|were) (?:not |far from |never |by no means )(?:inevitable|unavoidable|necessary)\b
            (?:easily|entirely|completely|perfectly) (?:avoided|prevented|foreseen|predictable)\b
            (?:i|we|one|you) (?:only |can only |really )?wish(?:es|ed)?(?: that)? (?:we|the|s?he|they|some\w+|{NAME}|i|
                our)
            if(?: only)? (?:{NAME}+|{TEAM}|we|they|he|she|the \w+|some(?:body|one)) would(?: not| only)? (?:have|'ve)\b
            what if (?:{NAME}+|{TEAM}|we|they|he|she|some(?:body|one)) had\b
        """,
        "“{found}” tells of a past that was not; it explains nothing of the one that was.",
        "Tell what happened and why it made sense then; put the wish into an action item.",
        r"""
            (?:by|as) design\b
            designed (?:behaviou?r|to)\b
            as (?:documented|intended|designed|specified)\b
            (?:we|was|were) (?:simulated|replayed|modelled|modeled)\b
            in (?:the|a) (?:model|simulation|replay|lab)\b
        """,
    ),
    Rule(
        "person-blame",
        rf"""
            {ONE}(?:,? who)? (?:{HOW}{WRONG}|(?:is|was|were|are) (?:solely |entirely |clearly )?(?:to blame|at fault|
                the (?:cause|reason|problem|culprit)|responsible for (?:the|this|that) (?:\w+ )?{TROUBLE}))
            (?:because|since|as|so|that|is that|due to the fact that) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|
                {ACT})(?=.*\b(?:{TROUBLE}|lost|down|failed|broke|late|wrong)\b)
            ^(?:because|since|as) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|{ACT})[^.;]*,
            {TROUBLE} (?:\w+ ){{0,4}}because (?:of )?{ONE}(?:'s)? {HOW}(?:{NOT}|{ACT}|{THEIR_WORK})
            {DONE} by (?:{NAME}+|{THE} {ROLE}|one person|some(?:body|one))\b(?! (?:reconcil|pod|controller|job))
            (?:caused|triggered|broken|introduced|brought about) by (?:{NAME}+|the \w+)'s\b
            (?:his|her) (?:\w+ )?{THEIRS}\b
            (?:reason|cause|culprit|problem|weak link)(?: [\w]+){{0,4}} (?:is|was|:) (?:{NAME}|{THE} {ROLE})
            (?:{THEIRS}|fault|incompetence) of (?:{NAME}+|{THE} {ROLE})
            (?:thanks|owing) to (?:{NAME}+|{THE} {ROLE})(?:'s)? (?:mistake|failure|negligence|
                {THEIR_WORK}),? (?:we (?:had no|lost)|nothing)
            (?:wrong|only|very) [\w -]{{2,30}}? (?:was|were|got|had been) \w+ by {PERSON}
            {OWED} (?:{PERSON}(?! and\b)(?:[.,;!]|$| who\b| again\b| (?:\w+ )*(?:on|by|and) \w+ing)|
                (?:[\w'-]+ ){{1,6}}?(?:made|done|pushed|merged|
                typed|entered|run|executed|committed|deployed|issued|written|introduced|left)? ?(?:by|on the part of|
                at the hands of) {PERSON})
            (?:on the part of|at the hands of) {PERSON}
            {DONE} by (?:one of our|one of the|an? \w+ who|{PERSON})\b
            by {NAME}+,? who (?:had |has )?(?:{WRONG}|{FAIL}|{HAND})
            {NAME}+ (?:fault|mistake|blunder)\b
            {ONE}(?:'s|s'|') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} (?:[\w-]+ )?(?:{THEIR_WORK}|call|assumption|judge?ment|
                work)\b)
            {ONE}(?:'s|s') (?:[\w-]+ )?{THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM}
            {ONE}(?:'s|s') (?:[\w-]+ ){{1,4}}(?:took|brought|knocked) (?:[\w-]+ ){{1,4}}(?:down|offline)\b
            (?:his|her) (?:[\w-]+ )?{THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM}
            {OWED} (?:his|her) (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} \w+)
            (?:this|that|it|this one|the outage|the incident|the blame|all of (?:it|this))(?:'s| is| was)(?: all|
                 entirely| squarely|
                 clearly| solely)* on (?:{NAME}+|him|her|{THE} {ROLE})\b(?!'s)
            (?:blame|fault|guilt|error|mistake|(?<!the )(?<!no )responsibility for (?:the |this |all )?{HARMED}|
                (?:sole|full|entire) responsibility)
                (?: for [^.;]{{3,60}})? (?:lies|lay|is|was|rests|falls|sits|goes|belongs)(?: entirely| solely| squarely|
                 fully| clearly)? (?:with|on|to|at the (?:feet|door) of|at) (?:{NAME}+|him|her|{THE} {ROLE})
            (?:blame|blames|blamed|we can thank|has to answer for|have|has) (?:{NAME}+|him|her|{THE} {ROLE}) (?:for|
                to (?:thank|blame))\b
            (?:none|nobody|no one) (?:other|else|but) (?:than |but )?(?:{NAME}+|{THE} {ROLE})
            (?:of all people|as usual|once again|typical(?:ly)?),? {NAME}
            {ONE}(?:'s| is| was| are| were) (?:the (?:one|person|guy|man|woman) (?:who|behind|to blame)|behind (?:this|
                the {TROUBLE})|accountable for
                 (?:the|this) {HARMED}|responsible for (?:the |this |all |our )?(?:\w+ )?{HARMED}|guilty|culpable|
                liable)
            it (?:was|is) (?:{NAME}+|{THE} {ROLE}) who (?:{WRONG}|pushed|merged(?! the fix)|deployed|changed|committed|
                edited)
            (?:who|person who|one who) (?:{WRONG}|pushed it|merged it|did (?:it|this)) (?:\w+ ){{0,5}}(?:was|is) {NAME}
            (?:problem|culprit|cause|reason|source|root)(?: of [\w ]{{3,40}}| here| again| once more)? (?:is|was|
                :) (?:clearly |simply |again )?(?:{NAME}+|him|her)\b(?!')
            {NAME}+ (?:should|ought|could|might)(?:n't| not)?(?: (?:simply|easily|really|at least|also|never|just|well|
                certainly|to))* (?:have|'ve|of)\b(?! (?:an?|the|no)\b)
            (?:if|had|unless)(?: only)? {NAME}+ (?:had )?[^.;]{{3,80}}(?:would|could|might|we|no|nothing|nobody)
            {NAME}+ (?:was|were) (?:supposed|meant|expected|told|trusted) to\b
            trusted {NAME}+ to\b
            {NAME}+ {FAIL}\b
            (?:left|leaving) {NAME}+ (?:unsupervised|alone with)
            thanks to {PERSON}(?:'s [\w -]{{2,30}})?,? (?:and [\w' -]{{3,40}} )?(?:we (?:lost|had no|had to|
                were (?:down|blind|offline)|spent|waited|now)|
                (?:the|our) [\w ]{{2,30}}? (?:went down|(?:was|were) (?:down|lost|wiped|gone|deleted|broken|
                unavailable|late)|broke|failed|crashed))
        """,
        "“{found}” names somebody beside what went wrong: the next reader hides what they know.",
        "Name the step and what it met: “the migration ran at 14:02 and found …”; the timeline keeps who did what.",
        _EXPLAINED,
    ),
    Rule(
        "team-blame",
        rf"""
            {DONE} by {BY_TEAM}
            by {BY_TEAM} without\b
            {TEAM} (?:{HOW}{TEAM_WRONG}|(?:is|was|are|were) (?:also |clearly |solely )?(?:to blame|at fault|
                responsible for (?:the|this) (?:\w+ )?(?:{TROUBLE}|missing|lack)))
            (?:{THEIRS}|incompetence|slowness|silence|passivity) of (?:{BY_TEAM})
            (?:blame|fault|responsibility|guilt) (?:for [^.;]{{3,40}} )?(?:lies|lay|is|rests|falls|sits|
                goes)(?: entirely| solely| squarely)? (?:with|on|to|at) (?:{BY_TEAM})
            (?:nobody|no one|none) (?:in|on|from|at|of) {BY_TEAM} (?!is\b|was\b|were\b|could\b|knew\b|had\b|has\b|
                can\b)\w+
            {BARE_TEAM} (?:launched|changed|deployed|released|promised|sold|ordered) (?:[\w'-]+ ){{1,6}}without\b
            (?:no|without any) (?:answer|help|support|reaction|feedback) (?:at all )?from {BY_TEAM}
            {DONE} by {BY_TEAM}
            {OWED} (?:[\w'-]+ ){{0,6}}?(?:(?:made|done|pushed|merged|deployed|introduced|issued) )?(?:by |
                on the part of |at the hands of )?(?:the |our )?{TEAM}(?:[.,;!]|$| who\b| again\b|(?:'s|
                s') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK}|{THEIR_WORK}))
            (?:on the part of|at the hands of) {BY_TEAM}
            {TEAM}(?:'s|s'|') (?:[\w-]+ ){{1,4}}(?:took|brought|knocked) (?:[\w-]+ ){{1,4}}(?:down|offline)\b
            {TEAM}(?:'s|s'|') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} (?:[\w-]+ )?(?:{THEIR_WORK}|call|assumption|work)\b|
                {THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM})
            (?:this|that|it|this one|the outage|the incident|the blame|all of (?:it|this))(?:'s| is| was)(?: all|
                 entirely| squarely|
                 clearly| solely)* on {BY_TEAM}\b(?!'s)
            (?:blame|fault|guilt|responsibility for (?:the |this |all )?{HARMED}|(?:sole|full|entire) responsibility)
                (?: for [^.;]{{3,60}})? (?:lies|lay|is|was|rests|falls|sits|goes|belongs)(?: entirely| solely| squarely|
                 fully| clearly)? (?:with|on|to|at the (?:feet|door) of|at) {BY_TEAM}
            (?:blame|blames|blamed|we can thank|have|has) {BY_TEAM} (?:for|to (?:thank|blame))\b
            {TEAM} (?:is|was|are|were) (?:again |once again )?(?:the (?:ones?|culprits?|cause|reason|problem|
                bottleneck|weak)|behind (?:this|the {TROUBLE})|accountable for (?:the|this)
                 {HARMED}|responsible for (?:the |this |all |our )?(?:\w+ )?{HARMED}|guilty|culpable|liable|asleep|
                nowhere)
            (?:problem|culprit|cause|reason|source|root|blame)(?: of [\w ]{{3,40}}| here| again| once more)? (?:is|was|
                are|:) (?:clearly |simply |again )?{BY_TEAM}
                 ?(?:[.,;!]|$|who\b|and (?:its|their)\b)
            {TEAM} (?:were|was) (?:supposed|meant|expected|told|trusted|paid) to\b
            {TEAM} (?:should|ought|could|might)(?:n't| not)?(?: (?:simply|easily|really|at least|also|never|just|well|
                certainly|to))* (?:have|'ve|of)\b(?! (?:an?|the|no|been)\b)
            it (?:was|is) {TEAM} (?:who|that) (?:{WRONG}|pushed|merged|deployed|changed)
            (?:people|folks|guys|developers|engineers|admins|those)(?: (?:on|in|from|at) [\w ]{{2,20}})? who (?:do|did|
                can|could|would)(?: not|n't) \w+
            (?:people|folks|guys)(?: (?:on|in|from|at|over) [\w ]{{2,20}}?)? {TEAM_WRONG}
            (?:not one|not a single one|none) of (?:them|the (?:team|people|engineers|developers)) (?:took|cared|read|
                asked|bothered|thought|checked|
                looked|tested|told|raised|spoke|noticed|wanted|felt)\b
            they {HOW}(?:(?:changed|deployed|released|rolled|switched|pushed|merged|moved|removed|
                shipped) [^.;]{{2,60}}{WITHOUT}|{NOT} (?:tell|told|ask|answer|inform|
                warn|bother|document|communicat|test)\w*|{_IDIOM})
            (?:we (?:never|did not|didn't) (?:hear|heard|get|got|receive\w*)|not|without)(?: so much as)? (?:back |
                anything |a word |an answer |any \w+ |a \w+ )+from {BY_TEAM}
            thanks to {BY_TEAM}(?:'s [\w -]{{2,30}})?,? (?:and [\w' -]{{3,40}} )?(?:we (?:lost|had no|had to|
                were (?:down|blind|offline)|spent|waited|now)|
                (?:the|our) [\w ]{{2,30}}? (?:went down|(?:was|were) (?:down|lost|wiped|gone|deleted|broken|
                unavailable|late)|broke|failed|crashed))
            (?:as|like) (?:usual|always|so often),? {TEAM} \w+
        """,
        "“{found}” puts a team in the place of a cause.",
        "Name the interface and what it let through: “the change of the contract reached production without …”.",
        _EXPLAINED,
    ),
    Rule(
        "blame-word",
        rf"""
            (?:careless|negligen|reckless|incompeten|inexcusabl|irresponsib|thoughtless|inattenti|
                unprofessional|amateurish|shoddy|slapdash|foolish|idio[tc]|ignoran|complacen|unforgiv|disgrace|
                shameful|half-?hearted|over-?confiden|arrogan|scapegoat|bungl|inept|senseless|
                disorgani[sz]ed|short-?sighted)\w*
            (?:lazy|lazily|laziness)\b(?![ -](?:load|evaluat|init|connect|import|delet|creat|queue|fetch|mode|bind|
                alloc|unmount))
            (?:stupid(?:ly|ity)?|clueless|culprits?|guilty|rookie|amateurs?|perpetrators?|slackers?)\b
            dumb\b(?! (?:terminal|pipe|mode|client|switch|proxy))
            naive(?:ly|ty)? (?:assum|belie|trust|of |to )
            {WE} {HOW}forgot
            ^forgot\b
            forgot(?:ten)? to\b
            (?:was|were|been) (?:\w+ )?forgotten\b
            forget(?:ting|ful\w*)\b
            at fault\b
            fault of (?:the (?:person|team|one)|whoever)
            (?:is|was|be|are|were) blamed\b
            blames? (?:lies|falls|rests|goes|for(?! none)|on)\b
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
            slopp(?:y|ily|iness)\b(?! (?:counters?|quorums?|clocks?|phrase|mode|focus))
            embarrass(?!ingly parallel)\w*
            (?<!top )(?<!worst )(?<!biggest )(?<!main )(?<!largest )offenders?\b
            (?<!not )to blame\b(?! for none)
            (?:lackadaisical|nonchalan|cavalier|gung-ho|trigger-happy|asinine|moron|dimwit|hapless|dilettant|
                unqualified|underqualified|
                indifferen(?:t to|ce)|apath|heedless|imprudent|unwise|ill-?(?:advised|considered|conceived|judged|
                thought|prepared)|hare-?brained|
                unthinking|mindless|absent-?minded|undisciplined|undiligent|half-?(?:baked|assed|arsed|witted)|
                bone-?headed|ham-?(?:fisted|handed)|
                brain-?dead|unpardonabl|indefensibl|unjustifiabl|intolerabl|inacceptabl|deplorabl|abysmal|dismal|
                lamentabl|pathetic|laughabl|
                scandal|outrageous|appalling|shocking|unbelievabl|incomprehensibl|inconceivabl|disappointing|dreadful|
                fiasco|shambles|debacle|farce|
                clown|facepalm|numpt|dunce|gambl|irrational|incapab|inexperienced|immatur|lackluster|lacklustre|
                slipshod|haphazard)\w*
            incredibl[ye],? (?:nobody|no one|{ONE}|{TEAM}|they|we|not)
            (?:daft|crazy|insane|silly) (?:to|idea|decision|move|change|default|mistake)\b
            amateur hour\b
            (?:train ?wreck|dumpster fire|cowboys?|cluster ?fuck|wtf)\b
            lax (?:about|attitude|approach|discipline|review\w*|with|on)\b
            (?:poorly|badly) (?:trained|prepared|disciplined|managed|thought|planned|executed|organi[sz]ed|handled|
                reviewed|written|
                coordinated|tested|communicated|led|judged|motivated|done)\b
            (?:poor|bad|terrible|awful|low) (?:discipline|work ethic|judge?ment call|management|leadership|planning|
                communication|preparation|choices?)\b
            (?:not|hardly|far from|less than|anything but)(?: very| exactly| particularly| really| terribly|
                 too)* (?:professional|competent|smart|clever|
                bright|wise|diligent|thorough|conscientious|serious about|up to (?:the job|the task|standard))\b
            any (?:half-?)?(?:\w+ly )?(?:competent|decent|sane|self-respecting|serious|real|good|experienced|
                responsible|sensible|professional|
                reasonable|trained) (?:{ROLE}|person|team|\w+) ?(?!(?:is|are)\b)
            worth (?:his|her|their|its) (?:salt|name|money)\b
            any(?:one|body) (?:who has ever|who ever|with (?:half|any|a bit|eyes|a clue|an ounce|some)|could see|
                can see|would see|knows)\b
            (?:every|any|a) (?:child|beginner|first-year|six-year|student|school\w*)(?: \w+)? (?:knows?|could|would|
                can|sees)
            obvious(?:ly)? to (?:any|every|all|everyone)
            (?:it )?goes without saying\b
            needless to say\b
            how (?:on earth )?(?:any(?:one|body)|some(?:one|body)|{NAME}+|they|one|an? \w+|the {ROLE}) (?:could|can|
                managed?)\b
            beyond (?:me|us|belief|comprehension|understanding|words)\b
            (?:beggars|defies) (?:belief|logic)\b
            (?:not|n't|never|without|nobody|no one|none|not one of \w+|nobody \w+)(?: \w+){{0,3}} (?:take|taking|took|
                taken) (?:[\w-]+ ){{1,4}}serious
            (?:did not|didn't|had not|hadn't|do not|don't|never|without|not|nobody|no one) even (?:look|read|bother|
                ask|think|glance|open the|check|tr(?:y|ied) to)\w*
            without so much as\b
            too (?:lazy|proud|inexperienced|junior|green|impatient|comfortable|stubborn|trusting|cocky|careless|
                relaxed|sure of)\b
            (?:nobody|no one|not one|none) (?:\w+ )?(?:bothered|cared|gave a|felt responsible|took responsibility|
                felt like)
            (?:shame on|disciplinary|(?:formal|written|verbal) warning\b(?= (?:to|for|was|has))|face consequences|
                deserves? (?:the |to be |a |no ))
            (?:makes?|making|made|bad|poor|lame|cheap) excuses?\b
            (?:a )?(?:very |really |clearly |truly )?(?:terrible|awful|stupid|dumb|lousy|brilliant|genius) idea\b
            (?:is|was) (?:a )?(?:very |really |clearly )?bad idea\b
            (?:made|took|was|making) (?:an?|the) (?:\w+ )?(?:wrong|bad|poor|terrible|fatal|awful|questionable|
                foolish) (?:call|choice|decision|judge?ment)\b
            (?:took|taking|taken) (?:a |the |an? easy )?shortcuts?\b(?! key)
            through (?:sheer |pure )?inattention\b
            (?:work|act|attitude|behaviou?r|conduct) (?:was|is) (?:simply |just )?(?:poor|bad|terrible|below)\b
            (?:bothered|could be arsed) to (?:read|check|look|test|ask|open)
        """,
        "“{found}” judges a person, and a judged person tells less the next time.",
        "Leave the judgement out and say what happened: “nothing reminded anybody of …”.",
        r"""
            (?:not|nobody|no one|never|without|nor|rather than|instead of|no)\b (?:\w+ ){0,4}(?:blam\w+|culprits?|
                at fault|guilty|scapegoat\w*)
            (?:word|words|terms?|labels?|adjectives?) (?:such as|like)\b
        """,
    ),
    Rule(
        "single-cause",
        rf"""
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
            no (?:other|further|additional|deeper) (?:\w+ )?(?:factors?|causes?|reasons?|explanation|contribut\w+)\b
            (?:{DUE}|result of|responsib\w+ (?:is|was)|attribut\w+ to|trac\w+ (?:back )?to) (?:just |
                only )?(?:an? single|one single|one)\b
            (?:a|one) single (?:\w+ ){{1,4}}(?:was|is) (?:responsible|to blame|the cause|enough)
            ^only (?:the|an?|this) [^.;,]{{2,60}} (?:is|was) (?:responsible|to blame|the cause)
            {OUTCOME} (?:\w+ ){{0,4}}(?:is|was) (?:simply|just|only|merely|purely|nothing but|quite simply) (?:an?|
                the|that|in|dns)\b
            it (?:is|was|turned out to be) (?:simply|just|only|merely|all) (?:an?|the) (?:missing|wrong|bad|broken|
                faulty|expired|full|typo|simple|cable)\b
            (?:sole|single|only) \w+ and (?:cause|reason|trigger)\b
            (?:end of story|case closed|as simple as that|plain and simple)\b
            that (?:is|was) all there (?:is|was)\b
            (?:the|its|our) (?:\w+ )?root cause (?:of [^.,;]{{3,50}} )?(?:is|was|turned out to be|is therefore|
                was therefore) (?:simple|clear|trivial|obvious|found|known to be)\b
            (?:the|its|our) (?:\w+ )?root cause (?:of [^.,;]{{3,50}} )?(?:is|was|turned out to be) (?!not\b|
                a (?:combination|chain|set|race)|the (?:combination|interaction|meeting))(?:an?|the)(?: (?!and\b|
                because\b|which\b|that\b|while\b|combined\b|together\b|plus\b|with\b|when\b|
                but\b)[\w'/.-]+){{1,9}}[.!]?$
            \w+ alone (?:caused|explains?|(?:is|was|has|had)\b(?! (?:not|never|no)\b)|brought|broke|took|led)\b
            (?:just |only )?(?:a single|one single|one) (?:[\w./'-]+ ){{1,6}}(?:caused|explains|broke|took down|
                brought down|is behind|was behind) (?:the|all|every|it|this|our|us)\b
            (?:{DUE}|attributed|attributable) {WHOLLY} (?:to|by|because)\b
            (?:attribut(?:ed|able)|traced|ascribed|pinned) {WHOLLY} (?:to|on)\b
            {WHOLLY} (?:the (?:result|fault|consequence|work|effect) of|down to|about|on account of)\b
            (?:100 ?%|hundred (?:percent|per cent)|in (?:its|their) entirety) (?:\w+ )?(?:due|caused|because|attribut|
                to|by|down)
            (?:caused|explains?|explained|responsible for|behind|accounts? for) (?:everything|it all|all of (?:it|
                this)|the (?:whole|entire) (?:\w+ )?(?:{TROUBLE}|thing|story|mess|night|morning|day|chain))\b
            (?:all|everything|(?:the )?(?:whole|entire) (?:{TROUBLE}|thing|story)) (?:[\w]+ ){{0,3}}?(?:traces?|stems?|
                stemmed|goes back|went back|hinges|hinged|follows|followed|can be traced|originates)\b
            ^(?:(?:the )?(?:rc|rca|root cause|cause|reason|it was|this was)|just|only|purely|
                \w+ error)\b[^.;]{{2,90}},? (?:and )?nothing (?:else|more)\b
            nothing (?:more|else|further) to (?:see|say|it|add|learn|find|investigate|do|discuss|analy[sz]e)\b
            no (?:further|more|additional|deeper|need for (?:further|more)) (?:investigation|analysis|research|
                questions?|digging|explanation|discussion)(?: is| was| are)?(?: needed| required| necessary| warranted|
                [.,;]|$)
            (?:need|needs) (?:not|no) (?:be )?(?:investigat|further|look)\w*
            (?:mystery solved|q\.?e\.?d\b|simple as that|open and shut|open-and-shut|no more,? no less|no mystery)
            (?:that|this|it)(?:'s| is| was) (?:all|it|the (?:whole|entire|full) (?:story|explanation|truth|reason|
                cause))[.!]?$
            (?<=[,;.] )(?:period|full stop)[.!]?$
            nothing but (?:the|an?|this|that|our) [^.;]{{2,60}}\b(?:was|is|were) (?:responsible|to blame|the cause|
                wrong|at fault|behind)
            (?:was|is|were) (?:due to )?nothing but\b
            (?:it|this|all of (?:it|this)|everything|the (?:whole |entire )?(?:outage|incident|problem|issue)) (?:is|
                was)(?: all| really)? (?:simply|just|merely|purely|solely|all) (?:because of |about |down to )?
                (?:the|an?|dns|that|this|one|our)(?: [\w-]+){{0,4}}[.!,]?$
            (?:in|at) the end,? (?:it|this) (?:was|is) (?:just|only|simply|all|dns)\b
            it(?:'s| is| was) (?:always |of course |again )(?:dns|the (?:network|cache|firewall|database))\b
            the (?:one|only|single|sole) (?:\w+ )?(?:thing|mistake|fault|problem|factor|error|bug|issue|flaw|
                difference) (?:(?:that|which) (?:went wrong|failed|broke|mattered|caused|led|was wrong|is wrong|
                explains)|(?:here )?(?:was|is|behind))\b
            ^(?:the )?(?:rc|rca|root cause|true cause|real cause)s?\s?[:=-]+ (?!see\b|not\b|unknown|under\b|open\b|
                several|multiple|many|tbd|none|still|to be|two|three|four|five|no\b|a
                 (?:combination|chain|set|mix)|combination)(?:(?!and\b|because\b|which\b|while\b|plus\b|with\b|
                without\b|when\b|combined\b|together\b)[\w'/.-]+ ?){{1,7}}[.!]?$
            (?:the|its|our) (?:\w+ )?root cause (?:of [^.,;]{{3,50}} )?(?:has been|was|is|have been) (?:now |
                clearly )?(?:identified|determined|established|confirmed|pinned|narrowed)\b(?! as (?:two|three|four|
                several|a
                 combination|a chain)| (?:yet|by|in)\b)
            (?<!not )(?<!n't )(?<!never )(?<!yet )(?:found|identified|pinpointed|know|determined|established) (?:the|
                its|our) (?:\w+ )?root cause\b(?! analysis)
        """,
        "“{found}” ends with one cause; an outage needs several conditions at once.",
        "Name the trigger and what let it through: “… was the trigger; … did not stop it, and … made it last”.",
    ),
    Rule(
        "vague-action",
        rf"""
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
            (?:is|are) (?:hereby |kindly |again |once more |strongly )*(?:reminded|urged|advised|encouraged|
                instructed) (?:to|of|that|not)\b
            (?:make|making) (?:the |our |all |sure |this |these )*(?:[\w-]+ ){{1,3}}(?:better|cleaner|safer|clearer|
                nicer|easier|stronger|more (?:robust|reliable|stable|resilient|visible|
                transparent|secure|useful|readable|efficient|proactive))(?: to \w+)?[.!]?$
            take (?:[\w-]+ ){{1,4}}(?:more |very |much more |really )?serious(?:ly)?\b
            (?:follow|adhere to|apply|respect|use|stick to|observe|comply with|adopt) (?:the |our |all |industry |
                standard |current |established |common )*(?:best|good) practices?\b
            ^{START}(?:react|respond|answer|escalate|communicate|act|detect|roll back|recover|notice|work|move|think|
                be|become|get|do|go|help|talk|align|deploy|plan|fix)
                 (?:[\w']+ ){{0,4}}(?:much |even |a bit |a little )?(?:faster|quicker|more \w+ly|sooner|earlier|better|
                smarter|slower|closer|harder|more (?:careful|proactive|closely|often))\b
            (?:try|trying|aim|want|hope|strive|endeavou?r|attempt|commit|intend) to (?:\w+ly )?(?:be|do|react|respond|
                act|improve|avoid|get|communicate|work|detect|escalate|reduce|become|keep|prevent|make|have) \w+
            ^{START}(?:strive|endeavou?r|hope|make (?:an|every|more of an) effort|make it a habit|get into the habit)\b
            ^{START}(?:also )?(?:maybe |perhaps |possibly )*(?:consider|contemplate)(?: maybe| perhaps)? \w+ing\b
            (?:maybe|perhaps) (?:we )?(?:should|could|can|add|use|try|need|look|have|write|do)\b
            (?:a bit|a little|somewhat|slightly) (?:more|better)[.!]?$
            (?:if|when|as|once) time (?:permits|allows)\b
            time permitting\b
            (?:some ?day|one day|sooner or later|eventually|when we get (?:to it|around to it|a chance)|
                when things (?:calm|settle) down|in the (?:near|long) (?:future|run|term))[.!]?$
            ^{START}(?:{IMPROVE})(?! (?:and|or|is|are|was)\b) [^.;:,()\d#@]{{3,70}}[.!]?$
            ^{START}(?:reduce|minimi[sz]e|decrease|lower|limit|eliminate|cut down(?: on)?) (?:the |our |
                all )*(?:\w+ )?(?:complexity|toil|noise|risks?|mistakes|(?:human )?errors?|friction|technical debt|alert
                 fatigue|fatigue|number of|dependency|downtime|impact|likelihood|chance)\b[^.;:\d]*[.!]?$
            ^{START}(?:add|write|create|have|do|use|perform|hold|introduce|implement|get|need|put|provide|set up|
                establish|find|define|build) (?:some |many |in place |up )*(?:more|better|additional|further|
                extra|proper|improved|clearer|stricter|regular|appropriate|adequate|sufficient|suitable|good|stronger|
                tighter) [^.;:,()\d#@]{{3,60}}[.!]?$
            (?:should|must|needs?|has|have|ought|shall)(?: to)? be (?:\w+ly )?(?:improved|better|strengthened|enhanced|
                addressed|looked (?:at|into)|revisited|rethought|reconsidered|discussed|optimi[sz]ed|
                more \w+|stricter|clearer)\b(?! than)
            (?:there )?(?:should|must|needs to|has to) be (?:more|better|clearer|stricter|closer)\b
            we need (?:more|better|a better|an? stronger|to (?:be|get|do|become|learn|rethink|talk|find (?:a|some) way|
                understand|improve|make sure))\b
            ^{START}(?:create|build|develop|establish|promote|foster|cultivate|instil|instill|nurture) (?:an? |our |
                the )?(?:[\w-]+ ){{0,3}}(?:culture|mindset|trust|awareness|habits?|spirit|understanding)\b
            ^{START}(?:hold|organi[sz]e|run|schedule|give|plan|arrange|conduct|offer|have) (?:an? |some |
                the )?(?:[\w-]+ ){{0,2}}(?:awareness|training|refresher|lessons?[- ]learned|brown-?bag)\b[^.;:\d]*[.!]?$
            ^{START}(?:double|triple)-?check\b(?! (?:step|is|was)\b)
            ^{START}(?:stay|remain|be) (?:on top of|alert|vigilant|focus(?:s?ed)|on (?:our|your) toes|ready|prepared|
                sharp|more|extra|quicker|faster|less|stricter|less \w+)\b
            ^{START}(?:do not|don't|stop|refrain from|quit) (?:ever |again |just |blindly |simply )*(?:deploy|push|
                merg|run|restart|touch|trust|assum|rush|panic|skip|ignor|forget|rely|work|chang|us|mak|do|
                let)\w*\b[^:;\d]*[.!]?$
            ^{START}(?:please )?(?:ensure|make sure|see to it|guarantee|assure)(?: that)? (?:everything|things|all|
                this|it|we|proper|better|sufficient|adequate|nobody|no one|everyone|such|good|enough)\b
            ^{START}(?:look into|look at|explore|evaluate|assess|investigate|research|think about|discuss|brainstorm|
                reflect on|rethink|revisit|reconsider|analy[sz]e|study|examine|consider|see what|find out how to|
                talk about|
                check out|sort out|deal with|address|work on|focus on|prioriti[sz]e|tackle|
                think of)\b [^.;:,()\d#@]{{3,80}}[.!]?$
            (?:put|place|spend|give|invest|devote|dedicate) (?:more|greater|additional|extra|stronger) (?:effort|focus|
                emphasis|time|attention|priority|thought|energy|resources|work|care|money)\b
            (?:talk|speak|listen|communicate) (?:more |better )?(?:to|with) (?:each other|one another)\b
            work (?:more )?(?:together|closer|closely|hand in hand)(?: together| more)?\b(?= (?:with|on|in|as|to|
                next)\b|[.!]?$)
            (?:never again|no more (?:\w+ ){{1,3}}on (?:a )?friday|let's all|let us all)\b
            (?:everyone|everybody|all of us|we all|each of us) (?:should|must|has to|have to|needs? to|ought to|shall|
                will)\b
            (?:learn|take) (?:our |the |some )?lessons?\b(?! (?:learned|learnt) (?:section|meeting|document))
        """,
        "“{found}” cannot be finished, so nobody can say when it is.",
        "Write what will be different: a check, a guard, an alert; with an owner, a day and a way to verify it.",
        r"""
            (?:verified|proved|proven|checked|measured|tested) (?:by|with|in|on|when|against)\b
            done when\b
        """,
    ),
)  # fmt: skip
