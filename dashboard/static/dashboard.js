// Starts what a page has use for. Without JavaScript everything is there as well, only quieter.

import { showTooltips } from "./chart.js";
import { closeMenus } from "./menus.js";
import { findWhileTyping } from "./find.js";
import { offerCopies } from "./copy.js";
import { keepFresh } from "./refresh.js";
import { listenToKeys } from "./shortcuts.js";

keepFresh();
showTooltips();
closeMenus();
listenToKeys();
findWhileTyping();
offerCopies();
