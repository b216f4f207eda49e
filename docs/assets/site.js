// What the theme leaves out for screen readers and the keyboard (axe-core: aria-dialog-name, landmark-unique, scrollable-region-focusable).
function complete() {
  document.querySelectorAll(".md-search[role=dialog]").forEach((dialog) => dialog.setAttribute("aria-label", "Search"));
  document.querySelectorAll("nav.md-nav[aria-labelledby]").forEach((nav, at) => {
    const name = document.getElementById(nav.getAttribute("aria-labelledby"));
    nav.setAttribute("aria-label", `${name ? name.textContent.trim() : "Pages"} (${at + 1})`);
    nav.removeAttribute("aria-labelledby");
  });
  document.querySelectorAll("nav.md-code__nav").forEach((buttons, at) => buttons.setAttribute("aria-label", `Code ${at + 1}`));
  document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code").forEach((box) => box.setAttribute("tabindex", "0"));
}
document$.subscribe(() => setTimeout(complete, 50));
