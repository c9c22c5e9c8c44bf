"""
Words of blame: who is named, what is said of them, what was not, what is vague. `blame` and `endings` make patterns of
them.

They are read in lower case, with one space between words, and `ǁǁǁ` in the place of a person's name.
"""

from __future__ import annotations

import re
from typing import Final

NAME: Final = "ǁ"  # a letter of no language that postmortems are written in


def _any(table: str) -> str:
    """One of a table, with ` | ` between words or patterns; a line indented more goes on with the last, `#` remarks."""
    lines = [line for line in table.replace(f"\n{' ' * 8}", "").split("\n") if not line.lstrip().startswith("#")]
    return f"(?:{'|'.join(each.strip() for line in lines for each in line.split(' | ') if each.strip())})"


def _verbs(words: str) -> str:
    """One of these regular verbs, in the past or with an s; `skip+` doubles its last letter. Bare, it blames nobody."""
    forms = []
    for word in words.split():
        if word.endswith("+"):
            forms.append(rf"{word[:-1]}(?:s|{word[-2]}ed)")
        elif word.endswith("e"):
            forms.append(rf"{word}[sd]")
        elif re.search("[^aeo]y$", word):
            forms.append(rf"{word[:-1]}ie[sd]")
        else:
            forms.append(rf"{word}(?:e?s|ed)")
    return f"(?:{'|'.join(forms)})"


# --------------------------------------------------------------------------------------------------- who

THE: Final = r"(?:the|an?|our|their|this|that|some|one of (?:the|our)|another)"
_KIND: Final = (
    r"(?:(?:on-?call|junior|senior|new|young|inexperienced|other|first|second|database|release|network|system|"
    r"site|duty|night|lead|remote|same|responsible|ops|security|storage|backend|frontend|front-end|software|support|"
    r"external|staff|offshore|platform|data|cloud|infra|infrastructure|devops|shift|service|team|product|project|"
    r"app|mobile|web|tech|it|qa)[ -])*"
)
_JOB: Final = (
    r"(?:engineer|developer|dev|intern|contractor|operator|admin|administrator|sysadmin|dba|sre|reviewer|approver|"
    r"commander|manager|author|consultant|freelancer|colleague|employee|architect|technician|trainee|apprentice|"
    r"newcomer|hire|joiner|programmer|coder|tester|committer|responder|analyst|specialist|coordinator|supervisor|"
    r"director|boss|rookie|newbie|maintainer)"
)
# Who somebody is when no name is known.
ROLE: Final = (
    rf"{_KIND}(?:{_JOB}(?: on (?:call|duty|shift))?|agent on duty|(?:night|day|late|early) shift|"
    rf"member of (?:the )?(?:staff|team)|on-?call"
    rf"(?: (?:person|engineer|developer))?|(?:shift|team|tech) lead|(?:person|one|colleague|guy) (?:on (?:call|"
    rf"duty|shift)|in charge)|c[eit]o|head of \w+)\b(?! (?:pod|controller|process|job)s?\b)"
)
ROLES: Final = rf"{_KIND}(?:{_JOB}s|people (?:on (?:call|duty|shift|the rota)|in charge))\b"
PERSON: Final = rf"(?:{NAME}+|some(?:body|one)|{THE} {ROLE})"
ONE: Final = rf"(?:{NAME}+|s?he|whoever|some(?:body|one)|{THE} {ROLE})"
# Groups of machines are groups too. What stands before a word is looked at last, which is faster.
_OF_MACHINES: Final = ("consumer", "scaling", "security", "node", "target", "resource", "process", "placement", "log")
TEAM_WORD: Final = (
    r"(?:teams?|department|squads?|crew|folks|guys|staff|people(?: on the \w+)?|help ?desk|tribe|guild|noc|"
    rf"group{''.join(f'(?<!{kind} group)' for kind in _OF_MACHINES)})"
)
# Others with whom there is a contract; some providers are parts of a program.
_OF_PROGRAMS: Final = ("identity", "terraform", "context", "credential", "data", "service")
_FIRM: Final = (
    rf"(?:vendors?|suppliers?|provider{''.join(f'(?<!{kind} provider)' for kind in _OF_PROGRAMS)}s?|registrar|isp|"
    r"carrier|hoster|subcontractors?|outsourcer|agency|partner company)"
)
THE_TEAM: Final = (
    rf"(?:(?:the|our|their|vendor's|other) (?:[\w'-]+ ){{0,3}}?(?:{TEAM_WORD}|{_FIRM})\b|"
    rf"(?:the|our|their|those|these|some(?: of the)?|all) {ROLES})"
)
# With an article, or a word before them, some of them are systems: the frontend, our billing platform.
_ALONE: Final = r"(?:security|platform|storage|vendor|developers|contractors|architects|dbas|sres|network|hosting)"
_BARE: Final = (
    r"(?:qa|sre|devops|management|leadership|operations|ops|sales|marketing|finance|legal|procurement|product|"
    r"engineering|infrastructure|frontend|backend|support|hr|noc|compliance|networking|infra|upper management|"
    r"customer (?:service|success|care)|data (?:engineering|science)|it ops|secops|netops)"
)
_BEFORE: Final = "".join(
    rf"|(?<={word} )" for word in ("because", "that", "again", "by", "and", "but", "from", "since")
)
BARE_TEAM: Final = rf"(?:(?={_BARE})(?<!the )(?<!our )(?<!a ){_BARE}|(?={_ALONE})(?:(?<!\w ){_BEFORE}){_ALONE})"
TEAM: Final = rf"(?:{THE_TEAM}|{BARE_TEAM})"
BY_TEAM: Final = rf"(?:{THE_TEAM}|(?:the )?(?:{BARE_TEAM}|operations|sales|marketing|infrastructure)\b(?! \w+s\b))"
# Somebody's, before a noun: it is looked for at the noun, of which there are fewer.
WHOSE: Final = (
    r"(?:(?<='s )|(?<=s' )|(?<=\bhis )|(?<=\bher )|(?<=\btheir )|(?<=\bour )|(?<=\bmy )|(?<=\byour )|(?<=own ))"
)
ANYBODY: Final = rf"(?:{PERSON}|{BY_TEAM})"

# --------------------------------------------------------------------------------------------------- what they did

# Before a verb: "simply", "had then", "carelessly".
HOW: Final = (
    r"(?:(?:also|simply|then|again|just|even|once again|once more|still|first|had|has|have|,? who|was the one who|"
    r"is the one who|always|\w+ly|in turn) ){0,3}"
)
NOT: Final = r"(?:did not|didn't|had not|hadn't|has not|hasn't|does not|doesn't|do not|don't|never|failed to)"
FAIL: Final = (
    r"(?:fail(?:ed|s)? to|neglect(?:ed|s)? to|omitted to|did(?: not|n't) (?:manage|care|bother|succeed|think|"
    r"attempt)(?: to| of| in)?|failed in)"
)
# What may be deleted, ignored or bypassed to mend something.
_NO_HARM: Final = (
    r"(?! (?:the |an? |all |its |two |three |one |of |\d+ )*(?:stuck|stale|temporary|temp|old|orphaned|corrupt\w*|"
    r"duplicated?s?|bad|broken|faulty|test|cached?|unused|expired|rogue|malformed|poison\w*|fail\w+|hung|extra|"
    r"stray|dead|known|false|unrelated|wrong|lock|locks|queue file|feature|whole call)\b)"
)
# What one ought to do and did not.
_DUTY: Final = (
    r"(?:test|read|check|look|answer|ask|tell|told|follow|notice|document|review|verif|bother|escalat|communicat|"
    r"warn|understand|understood|think|thought|consider|reali[sz]|pass|inform|respond|reply|replie|react|"
    r"acknowledg|ack\b|care|listen|help|renew|clean|wait|double-?check|scroll|use|do (?:his|her|their)|adher|stick|"
    r"stuck|"
    r"consult|coordinat|announc|involv|monitor|watch|ensure|make sure|pay|paid|prepare|learn|take|took|question|"
    r"confirm|validat|forward|deliver|fix|update|share|mention|report|rotat|remov|clos|back up|plan\b|rehears|"
    r"practi[sc]|train|raise|speak|spoke|call|page|did\b|even|once|maintain|deprecat|provide|supply|keep|kept|"
    r"return|pick up|show up|turn up|join|finish|complete|set|add|run|inspect|compar|apply|write|wrote|put)"
)
WITHOUT: Final = (
    r"without (?:even |first |any |an? |the |prior |so much as |really |proper |giving |our |doing |further |advance )*"
    r"(?:asking|telling|checking|testing|tests?|reading|looking|thinking|waiting|consulting|consultation|informing|"
    r"warning|notice|announcing|announcement|approval|permission|authori[sz]ation|review|reviewing|backups?|"
    r"verifying|need|reason|coordinating|coordination|understanding|care|thought|regard|considering|bothering|"
    r"involving|notifying|word|sign-?off|second look|dry[- ]run|double-?check\w*|realising|realizing|a where)"
)
# Idioms of duty and truth, of people only.
_IDIOM: Final = _any(r"""
    gave up | dropped the ball | cut corners | (?:sat|sits) on (?:the|our|it|this|that|a|his|her|their|customer)
    fell asleep | (?:stayed|kept|remained) (?:silent|quiet|mum) | looked (?:away|the other way) | went back to (?:bed|
        sleep)
    shrugged | brushed (?:\w+ ){0,4}(?:off|aside) | turned a blind eye | dragged (?:his|her|their|its) feet
    passed the buck | pointed (?:the |their )?fingers? | washed (?:his|her|their) hands | stood by | buried
    took (?:his|her|their) (?:eyes?|time) | fell short | did (?:nothing|little|half|a (?:poor|bad|sloppy))
    (?:let|lets|left) (?:us|everybody|everyone|the team|customers|them|me|you) (?:all )?(?:down|hanging|alone|in the)
    failed (?:us|everybody|everyone|the team|customers|badly|in (?:his|her|their)) | kept (?:\w+ ){1,3}in the dark
    cost (?:us|the company|the team|customers|everyone|everybody) | got us into | winged it | played with | slacked
    made (?:an? |the )?(?:mess|hash|mockery|shambles) of | made (?:things|it|matters|everything) (?:even |much )?worse
    lost (?:track|sight|focus|control|interest|(?:his|her|their) (?:nerve|head|cool)) | ran out of patience
    jumped to (?:a )?conclusions? | lied | hid | concealed | withheld | pretended | slept | overslept | dozed
    thought (?:nothing of|(?:it|that) (?:clever|funny|fine)|s?he knew|they knew|it was (?:funny|clever|a good idea))
    (?:has|had|have) a (?:habit|history) of | tends? to | is known (?:for|to)
    (?:chose|decided) to (?:ignore|skip|bypass)
    (?:lacks?|lacked) (?:the |any |all |basic |even |every |proper |\w+al )*(?:skills?|experience|knowledge|discipline|
        training|understanding|will|care)
    waited (?:far |much |way )?too long
    (?:responded|reacted|acted|escalated|answered|noticed|woke up) (?:\w+ )?too late
    took (?:far |way |much )?(?:too long|ages|forever) | waved (?:it|this|the \w+|everything) through
    rubber-?stamped | (?:was|were) nowhere to be | nearly killed | should be ashamed | has (?:this|the outage) on
    ditched | blew | messed | did(?: not|n't) (?:even )?bother | talked (?:us|everybody|everyone) into
""")  # fmt: skip
# What is said of somebody to blame them, by what it did to the system, to a duty, and to the truth.
WRONG: Final = _any(rf"""
    # What it did to the system.
    (?:{_verbs("delete wipe clobber bypass omit+ corrupt skip+ ignore miss overlook")}|overwrote|trashed
        |nuked|{_verbs("disregard dismiss")}){_NO_HARM}
    broke(?!n? the silence) | breaks | broken | {_verbs("ruin destroy crash wreck cause leak expose")}
    (?:took|takes|brought|brings|knocks?|knocked|shut) (?:down|out|over|offline)
    (?:took|takes|brought|brings|knocked|knocks|pushed) (?:[\w'-]+ ){{1,5}}(?:down\b|offline\b|over the edge|
        out of service|
        to (?:its|their) knees|to a (?:halt|standstill)) | killed (?:prod\w*|the (?:site|service|cluster|primary|
        database))
    triggered the (?:outage|incident|crash|failure|disaster) | locked (?:us|everybody|everyone|the team|customers) out
    (?:blew|messed|screwed|fouled|mucked|cocked|blows|messes|screws) (?:\w+ ){{0,3}}up | botched | bungled | fumbled
    introduced (?:the|an?|this) (?:\w+ )?(?:bug|fault|error|defect|regression|problem)
    created (?:the|this) (?:problem|mess)
    (?:filled|fills|flooded|exhausted|hogged|overloaded|starved|swamped|hammered|used up|ate) (?:up )?(?:the|our|all|
        every)
    fat-?fingered | (?:lost|loses) (?:the|our|all(?: the| our)?) (?:data|backups?|keys?|tickets?|passwords?|credentials)
    (?:published|committed|pushed|posted|checked in) (?:the|an?|his|her|their|our) (?:\w+ )?(?:secrets?|keys?|
        passwords?|credentials|tokens?)\b
    opened (?:[\w-]+ ){{1,4}}to the (?:whole )?(?:world|internet)
    # What it did to a duty.
    {_verbs("neglect refuse violate disobey abandon waste hesitate dither procrastinate panic rush circumvent")}
    panicked
    forgot(?:ten)? | forgets | over-?reacted | {_IDIOM}
    (?:left|leaves) (?:[\w-]+ ){{1,5}}(?:on|open|enabled|running|unlocked|unattended|exposed|behind|unprotected|undone|
        unfinished|unpatched|unanswered|disabled|untested|hanging|to rot)\b
    (?:let|lets) (?:[\w-]+ ){{1,5}}(?:expire|lapse|slip|rot|run (?:out|full)|fill(?: up)?|through|pass|go stale)
    # What was understood otherwise.
    mis(?:configured|read|understood|judged|interpreted|calculated|typed|took|handled|managed|diagnosed|applied|
        placed|labell?ed|used|counted|communicated|informed|led|remembered|spelled|identified|represented)
    {_verbs("underestimate confuse")} | mixed (?:\w+ ){{0,3}}up | got (?:[\w'-]+ ){{1,5}}wrong
    # Something done to the wrong thing, but not where somebody noticed one.
    (?!(?:saw|found|noticed|spotted|reported|asked|said|explained|showed|fixed|corrected|replaced|reverted|
        removed|needed|closed|suspected|discovered|realised|realized|had|was)\b)\w+(?:ed|ran|chose|put|took|sent|set|
        shut|hit) (?:(?!that\b|which\b|
        what\b|whether\b|because\b|until\b|after\b|when\b)[\w'-]+ ){{0,6}}?(?:an? |the )?wrong
    (?:chose|picked|ran|sent|set|took|hit|put|shut|drew|built|made|gave|wrote) (?:[\w'-]+ ){{0,4}}?wrong
    (?:ran|pushed|shipped|merged|deployed|released|rolled out|wrote|approved|committed) (?:an? |the |his |her |
        their )?(?:bad|broken|untested|
        unreviewed|unfinished|buggy|faulty|half-\w+|flawed)\b
    (?:ran|issued|executed|typed) an? (?:\w+ ){{1,3}}without
    # Something done without another, or at the wrong time: said as blame, though without a "not".
    (?!worked\b)\w+(?:ed|ran|wrote|put|took|sent|set|went|made|gave) (?:[\w'/.-]+ ){{0,7}}?{WITHOUT}
    (?:pushed|committed|merged|went|deployed) (?:[\w'-]+ ){{0,4}}?(?:straight|directly) (?:in)?to (?:main|master|prod|
        production|live)
    (?:merged|deployed|pushed|shipped|released|launched) (?:[\w'-]+ ){{0,6}}(?:on a friday|right before|
        just before (?:the
        |lunch|leaving|going))
    # What was not done.
    {NOT} (?:even |ever |bother (?:to )?|properly |really |think (?:to|of) |care (?:to|about) |want (?:to )?|once |
        take the time to |try to |remember to |actually |fully )*{_DUTY}\w*
    # How it was done.
    (?:wrongly|incorrectly|falsely|blindly|rashly|hastily|prematurely|recklessly|carelessly|foolishly|stubbornly|
        needlessly|unnecessarily|naively|erroneously|inexplicably|knowingly|deliberately|lazily|mistakenly|
        negligently|thoughtlessly|clumsily) \w+
    (?:simply|just|only) (?:assumed|believed|trusted|guessed|hoped|waved|copied|clicked)
    assumed (?:\w+ ){{0,8}}wrongly
    (?:was|were|is|are) (?:(?:too|very|so|obviously|clearly|simply|not|just|also|much) )*(?:slow|distracted|asleep|
        drunk|unprepared|
        over-?confident|inexperienced|careless|sloppy|negligent|unqualified|lazy|hasty|late|unhelpful|
        uncooperative|unresponsive|inattentive|paying attention|impatient|stubborn|nervous|complacent|incompetent|
        unreliable|reckless|oblivious|out of (?:his|her|their) depth|not up to)\b
""")  # fmt: skip
# What groups do to each other.
TEAM_WRONG: Final = _any(rf"""
    {WRONG} | {FAIL} | blocked | insisted | rejected our | denied us | overruled | pressured | pressed
    pushed (?:\w+ ){{1,4}}(?:through|on us) | (?:would|could|can) ?not be (?:reached|bothered|trusted|relied)
    couldn't be (?:reached|bothered) | (?:refused|declined) (?:to|our)
    had (?:other|different|better) (?:priorities|things)
    took (?:weeks|days|months) | kept (?:us|everybody|everyone|customers) (?:waiting|guessing) | {_verbs("delay stall")}
    sabotaged | obstructed | stonewalled | showed no interest | forced (?:us|the team|everyone) | imposed | vetoed
    downplayed
    (?:never|seldom|rarely|once again) (?:\w+ed|came|told|gave|sent|ran|wrote|took|did)
    starved us | oversold | overpromised | cancelled our | cut (?:the|our) (?:budget|staff|team)
    threw (?:it|this) over
    (?:do|did|does)(?: not|n't) (?:understand|know|want|get|do|give|provide|invest|allow|let|support|fund|staff)
""")  # fmt: skip
# Acts that are no fault, until an outage is said to be their result.
ACT: Final = _any(rf"""
    {WRONG} | changed | restarted | rebooted | deployed | merged | pushed | ran | deleted | removed | edited
    turned | switched | closed | disabled | enabled | upgraded | updated | typed | entered | clicked | pressed
    applied | installed | renamed | moved | committed | approved | unplugged | pulled | dropped | stopped | killed
    put | left | failed | released | copied | reverted | assumed | thought | decided | wanted | tried | trusted
""")  # fmt: skip
TROUBLE: Final = (
    r"(?:outages?|incidents?|crash|failure|downtime|problems?|disaster|data loss|loss|leak|breach|trouble|mess|bug|"
    r"regression|fiasco|corruption|delays?)"
)
# What is not as it was, in "responsible for the deleted backups".
HARMED: Final = (
    rf"(?:{TROUBLE}|missing|lack|(?:deleted|lost|broken|failed|missed|wrong|late|corrupted|wiped|expired|leaked|"
    rf"botched|ruined|failing|unfinished|incorrect|"
    rf"overlooked|duplicated?|double|bad|untested|slow) \w+)"
)
# What people are asked to do with a thing, in the passive.
DUTIES: Final = (
    r"(?:reviewed|tested|checked|read|answered|told|informed|approved|understood|noticed|documented|announced|"
    r"communicated|acknowledged|followed|monitored|watched|updated|maintained|renewed|handled|done|verified|taken|"
    r"escalated|considered|finished|picked up|forwarded|passed on|cleaned|fixed|rotated|consulted|seen|asked|"
    r"questioned|validated|raised|shared|supported|prepared)"
)
# A thing done, in the passive, with whoever is blamed behind it.
DONE: Final = (
    r"(?:was|were|is|are|(?:had|has|have) been|being|got|gets) (?:simply |once again |again |"
    r"just )?(?:\w+ly )?(?:ignored|"
    r"missed|overlooked|caused|broken|introduced|forgotten|misconfigured|neglected|skipped|silenced|deleted|wiped|"
    r"triggered|provoked|brought (?:about|down)|taken (?:down|offline)|misread|misunderstood|mishandled|botched|"
    r"ruined|rushed|delayed|blocked|dismissed|created|corrupted|overwritten|clobbered|bypassed|destroyed|crashed|"
    r"leaked|messed up|screwed up|fat-?fingered|misjudged|mistyped|misapplied|swept|sat on|held up|left \w+|let down|"
    rf"(?:not|never) (?:\w+ly )?{DUTIES})"
)
THEIRS: Final = (
    r"(?:mistakes?|errors?|fault|failures?|negligence|carelessness|inaction|inattention|ignorance|oversight|blunders?|"
    r"slips?|typos?|fat-?finger(?:ing)?|misconfigurations?|misjudge?ments?|misunderstanding|misreading|incompetence|"
    r"inexperience|sloppiness|laziness|haste|impatience|stubbornness|arrogance|forgetfulness|complacency|"
    r"recklessness|refusal|reluctance|inability|unwillingness|slowness|silence|passivity|indecision|doing|lapses?|"
    r"mess|lack of \w+|mishandling|mismanagement|incorrect \w+)\b"
)
THEIR_WORK: Final = (
    r"(?:changes?|commit|fix|hotfix|decision|deploy(?:ment|s)?|scripts?|code|command|action|merge|patch|query|release|"
    r"restart|update|upgrade|roll-?out|migration|config(?:uration)?|edit|refactor(?:ing)?|pull request|pr|clean-?up|"
    r"experiment|job|dumps?|push|tweak|shortcut|idea|cut-?over|report|one-liner|hack|choice|maintenance|typo)"
)
# A judgement that stands before such work.
BAD_WORK: Final = (
    r"(?:bad|wrong|hasty|untested|unreviewed|buggy|broken|faulty|reckless|careless|sloppy|premature|rash|poor|"
    r"questionable|clumsy|unfinished|flawed|unannounced|stupid|lazy|ill-\w+|half-\w+|unauthori[sz]ed|rushed)"
)
DID_HARM: Final = (
    r"(?:(?:is|was) the (?:reason|cause)|caused|broke|led to|triggered (?:the|an?|this) (?:outage|crash|incident|"
    r"failure)|(?:brought|took|knocked) (?:\w+ )*(?:down|offline|out)|crashed|destroyed|cost us|wiped|corrupted|"
    r"killed|flooded|deleted|locked|emptied|exposed|overloaded|filled|ruined|leaked)"
)
# Before whoever is said to be the reason.
OWED: Final = (
    r"(?:caused by|triggered by|provoked by|due to|because of|owing to|(?:result|fault|consequence|work|doing) of|"
    r"down to|on account of|brought about by|courtesy of)"
)

# --------------------------------------------------------------------------------------------------- errors of people

WHOSE_ERROR: Final = _any(r"""
    human(?: factors?)? | operator | user | pilot | administrator | admin | engineer | developer | manual | employee
    staff | personal | personnel | individual | handling | typing | typ(?:o|ing) | clerical | technician | dba
    cop(?:y|ied)[- ](?:and[- ])?paste?d? | data[- ]entry | contractor | intern | procedural | people | sysadmin
    keyboard | team | judge?ment
""")  # fmt: skip
AN_ERROR: Final = (
    r"(?:errors?|mistakes?|failures?|slips?|lapses?|blunders?|oversights?|accidents?|negligence|inattention|"
    r"misconfigurations?|confusion|misjudge?ments?|slip-?ups?|fault)"
)
# Such an error, without whose it is.
SILLY: Final = r"(?:silly|honest|simple|stupid|careless|classic|rookie|beginner's?|unfortunate|basic|configuration)"
# What may do something by accident and is no person.
MACHINE: Final = (
    r"(?:job|script|controller|service|process|client|server|parser|daemon|bot|autoscaler|watchdog|balancer|pipeline|"
    r"cron|module|plugin|library|task|playbook|hook|trigger|scheduler|workflow|proxy|gateway|release|version|migration)"
)
BY_CHANCE: Final = r"(?:accidentally|inadvertently|unintentionally|mistakenly|erroneously|unwittingly)"
HAND: Final = (
    r"(?:deleted|removed|dropped|disabled|enabled|shut|turned|switched|unplugged|closed|opened|overwr\w+|pushed|"
    r"merged|deployed|committed|ran|run|typed|chosen?|selected|put|left|used|changed|pressed|clicked|entered|"
    r"restarted|stopped|truncated|wiped|revoked|applied|set|copied|moved|renamed|published|sent|cut|pulled)"
)

# --------------------------------------------------------------------------------------------------- what was not

# What would have been better: past participles, with what it would have spared.
BETTER: Final = _any(r"""
    avoid | prevent | caught | notic | found | stopp | sav(?:ed|ing) | shorten | halv | reduc | spar(?:ed|ing)
    detect | spott | discover | mitigat | limited | contain | restor | roll | run\b | check | test | asked | call
    escalat | warned | alert | react | acted | fixed | resolv | solv | recover | over\b | seen (?:it|this|that)\b
    (?:been )?(?:much )?(?:shorter|smaller|better|faster|sooner|quicker|earlier|less|lower) | told | done | known
    helped | made (?:a|the|all the) difference | ended | taken | foreseen | anticipat
""")  # fmt: skip
PERFECT: Final = r"(?:have|'ve|of)"  # "could of" is how it is heard
# Read at the last word of "the new platform team", which is faster than at its article.
WE: Final = (
    rf"(?:{NAME}+|s?he|whoever|some(?:body|one)|{_JOB}s?|{TEAM_WORD}|{_FIRM}|{BARE_TEAM}|on-?call|we|they|you|i|"
    r"nobody|no one|anybody|anyone|everybody|(?:night|day|late|early) shift|person on (?:call|duty|shift)|secondary)"
)
A_PAST: Final = r"(?:had(?: not|n't| never)?)"

# --------------------------------------------------------------------------------------------------- one cause

CAUSE: Final = (
    r"(?:(?:root |main |real |actual |true |underlying )*(?:causes?|reasons?|culprit|factor|explanation)|trigger)"
)
WHOLLY: Final = r"(?:solely|entirely|purely|exclusively|wholly|only|merely|simply|just|completely|fully)"
DUE: Final = (
    r"(?:due to|caused by|because(?: of)?|attribut(?:ed|able) to|explained by|down to|traced (?:back )?to|"
    r"the (?:result|fault) of|the (?:result|consequence) of|blamed on|put down to|on account of)"
)
OUTCOME: Final = rf"(?:{CAUSE}|{TROUBLE}|issue|fault|explanation|all|everything|whole (?:thing|story|incident|outage))"

# --------------------------------------------------------------------------------------------------- vague actions

PEOPLE: Final = (
    rf"(?:everyone|everybody|people|the team|our team|all teams|teams|staff|colleagues|(?:the |our |all )?{ROLE}|"
    rf"new joiners|each other|one another|the [\w-]+ team)"
)
GOOD_THING: Final = (
    r"(?:communication|monitoring|awareness|quality|documentation|docs|testing|tests|test coverage|processe?s?|"
    r"procedures?|collaboration|alerting|observability|culture|review culture|discipline|knowledge|visibility|"
    r"coordination|reviews?|code reviews?|hand-?overs?|training|vigilance|ownership|attention|understanding|care|"
    r"resilience|reliability|stability|robustness|cooperation|diligence|skills?|onboarding|planning|preparation|"
    r"transparency|logging|security|alerts|runbooks?|dashboards?|pipelines?|workflows?|failover|tooling|infrastructure|"
    r"backups?|capacity planning|response(?: times?)?|maintainability|scalability|performance|error handling|standards|"
    r"practices|mindset|team spirit|morale|efficiency|architecture|safety|hygiene|maturity|readiness|preparedness)"
)
CAREFUL: Final = (
    r"(?:careful|vigilant|attentive|aware|mindful|cautious|conscious|diligent|thorough|alert|proactive|"
    r"disciplined|responsible)"
)
# Verbs of an action whose end nobody sees.
IMPROVE: Final = (
    r"improve|strengthen|enhance|increase|tighten|better|boost|foster|promote|refresh|deepen|optimi[sz]e|harden|"
    r"streamline|"
    r"rework|refine|moderni[sz]e|clean up|polish|invest in|step up|ramp up|double down on|beef up|intensify|reinforce|"
    r"professionali[sz]e|cultivate|simplify|stabili[sz]e|fine-?tune|overhaul|level up|expand|broaden|brush up"
)
# Where an action begins: after its number, and after who shall do it.
START: Final = (
    r"(?:(?:action(?: items?)?|todo|ai|a|fix|owner \w+|follow-?ups?|next steps?|going forward|in (?:the )?future|"
    r"next time|"
    r"from now on|in general|again|lessons?(?: learned)?|ǁ+|recommendation|prevention|"
    r"idea)(?:[ -]?#?\d+)?[:,. -]{1,3}|[-*\d.)\[\]]{1,4} )*"
    r"(?:(?:we|you|let us|let's|engineers|developers|everyone|everybody|people|all|(?:the|all) (?:\w+ )?teams?|i) )?"
    r"(?:(?:will|should|must|need to|needs to|have to|has to|shall|please|could|are to|ought to|plan to|want to|"
    r"try to|to|also|just|really|try and) )*"
)
