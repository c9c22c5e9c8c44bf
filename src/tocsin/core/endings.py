"""Sentences that end a search too soon, and actions that cannot be finished: rules as those of `blame`."""

from __future__ import annotations

from typing import Final

from tocsin.core.blame import Rule
from tocsin.core.blame_words import CAREFUL, CAUSE, DUE, GOOD_THING, IMPROVE, OUTCOME, PEOPLE, START, TROUBLE, WHOLLY

ENDINGS: Final = (
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
