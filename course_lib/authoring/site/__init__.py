"""The course as pages to read: nothing to install, no kernel, no request to anywhere else (`make site`)."""
