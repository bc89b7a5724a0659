/* host/options/option_files.h - no file may be read and written by the same command. */
#ifndef HOST_OPTIONS_OPTION_FILES_H
#define HOST_OPTIONS_OPTION_FILES_H

#include "option_words.h"

/* Refuses to write the small files of a run (run.json, lock, ..), then compares the plain files
 * that a command reads (options with .arg FILE.., the words that are files, standard input where it
 * is read) with those that it writes (options with .writes, standard output) by device and inode.
 * `options` holds all values. STATUS_INPUT: reported in one line. */
Status option_files_check(const OptionWords *words, const void *options);

#endif
