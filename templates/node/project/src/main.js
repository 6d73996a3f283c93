import { pageAt } from './pages.js';

const heading = document.querySelector('h1');
const text = document.querySelector('p');

function show() {
  const page = pageAt(location.pathname);
  heading.textContent = page.heading;
  text.textContent = page.text;
}

// Links within the site change the page without a reload.
document.querySelector('nav').addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    history.pushState(null, '', link.href);
    show();
  }
});
addEventListener('popstate', show);

show();
