/**
 * Files and folders as such: {@code TextFile} reads what people write, whatever editor saved it,
 * {@code Sha256} tells contents apart, {@code Folders} deletes, {@code Unpacking} opens archives
 * and {@code Inside} keeps their files where they belong.
 */
@NullMarked
package io.onnxfleet.engine.file;

import org.jspecify.annotations.NullMarked;
