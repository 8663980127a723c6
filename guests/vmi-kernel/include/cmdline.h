/* The command line: words separated by spaces. */
#ifndef CMDLINE_H
#define CMDLINE_H

/** Keeps the line that the multiboot loader gave. */
void cmdline_save(const char *line);

/** The word stands on the command line. */
int cmdline_has(const char *word);

/**
 * Finds the next word that starts with @prefix, from word number *@from on, and copies what follows the
 * prefix into @value (@size bytes, cut to fit). Returns 0 where there is none.
 */
int cmdline_next(const char *prefix, unsigned *from, char *value, unsigned size);

#endif
