package io.onnxfleet.jobs.lines;

/**
 * Lines that follow each other in a file.
 *
 * @param firstLine the number of the first one, from 1
 * @param firstByte where it begins
 * @param endByte where the line behind the last one begins
 * @param lineCount lines that are not blank
 */
public record Region(int firstLine, long firstByte, long endByte, int lineCount) {}
