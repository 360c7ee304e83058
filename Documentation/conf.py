# SPDX-License-Identifier: GPL-2.0
"""Sphinx settings; run by scripts/docs, which sets the environment."""
import os
import sys

sys.path.insert(0, os.environ['SPHINX_EXTENSIONS'])

project = 'uiommu and uvfio'
extensions = ['kerneldoc']
root_doc = 'index'
highlight_language = 'none'
html_theme = 'classic'
html_theme_options = {'nosidebar': True, 'body_max_width': '50em'}
html_copy_source = False
html_show_copyright = False

primary_domain = 'c'
c_id_attributes = ['__user', '__must_check']
kerneldoc_bin = os.environ['KERNEL_DOC']
kerneldoc_srctree = os.path.join(os.path.dirname(__file__), '..')
