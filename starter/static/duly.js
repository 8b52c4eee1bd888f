// Brings the components to life. Every page works without this file.
import { initAll } from './govuk/govuk-frontend.min.js'

document.body.classList.add('js-enabled', 'govuk-frontend-supported')

// What a radio button reveals is shown by the style sheet alone: the component would give the button an
// aria-expanded, which no radio button may have.
if (CSS.supports('selector(:has(*))')) {
  for (const button of document.querySelectorAll('.govuk-radios__input[data-aria-controls]')) {
    button.removeAttribute('data-aria-controls')
  }
}

initAll()
